package vnv

import (
	"crypto/rand"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// MaxRetryAfter bounds what [Error.RetryAfter] believes.
const MaxRetryAfter = time.Hour

const (
	correlatorHeader = "x-correlator"
	maxToken         = 16 << 10
	day              = "2006-01-02"
)

// correlatorForm is CAMARA's.
var correlatorForm = lazily(`^[a-zA-Z0-9-]{0,55}$`)

// newCorrelator returns a random UUID (version 4).
func newCorrelator() string {
	b := make([]byte, 16)
	rand.Read(b) // never fails (crypto/rand)
	b[6] = b[6]&0x0f | 0x40
	b[8] = b[8]&0x3f | 0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}

// headerSafe tells whether a token can go into a header: 1 byte to 16 KiB of
// visible ASCII (RFC 6750, 2.1 allows less).
func headerSafe(token string) bool {
	return token != "" && len(token) <= maxToken &&
		!strings.ContainsFunc(token, func(r rune) bool { return r <= ' ' || r > '~' })
}

var digits = lazily(`^[0-9]+$`)

// retryAfter reads seconds or an HTTP date (RFC 9110, 10.2.3); 0 when it
// says neither, or a time that is over.
func retryAfter(value string, now time.Time) time.Duration {
	value = strings.TrimSpace(value)
	if digits().MatchString(value) {
		seconds, err := strconv.ParseUint(value, 10, 32)
		if err != nil || seconds > uint64(MaxRetryAfter/time.Second) {
			return MaxRetryAfter
		}
		return time.Duration(seconds) * time.Second
	}
	at := httpDate(value)
	if at.IsZero() {
		return 0
	}
	return min(max(at.Sub(now), 0), MaxRetryAfter)
}

// httpDate is zero when value is no HTTP date.
func httpDate(value string) time.Time {
	t, err := http.ParseTime(value)
	if err != nil {
		return time.Time{}
	}
	return t.UTC()
}

// lifeNotices says what the Deprecation (RFC 9745 and its drafts) and Sunset
// (RFC 8594) headers say. Their text itself is not passed on.
func lifeNotices(h http.Header) []string {
	var notices []string
	if v := h.Get("Deprecation"); v != "" && v != "false" {
		notices = append(notices, "the API says that it is deprecated"+onDay(" since ", deprecationDate(v)))
	}
	if v := h.Get("Sunset"); v != "" {
		notices = append(notices, "the API says that it will be shut down"+onDay(" on ", httpDate(v)))
	}
	return notices
}

func deprecationDate(value string) time.Time {
	if seconds, err := strconv.ParseInt(strings.TrimPrefix(value, "@"), 10, 64); err == nil {
		return time.Unix(seconds, 0).UTC()
	}
	return httpDate(value)
}

func onDay(word string, t time.Time) string {
	if t.IsZero() || t.Year() > 9999 {
		return ""
	}
	return word + t.Format(day)
}
