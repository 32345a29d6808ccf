package appjwt

import (
	"encoding/json"
	"math"
	"strconv"
	"strings"
	"time"
)

// checks are what a token is held to, in the order in which findings appear.
// Source: the guide's table of claims, and RFC 7515 and 7519 for the rest.
var checks = []func(*Decoded, time.Time){
	checkAlgorithm,
	checkType,
	checkCrit,
	func(d *Decoded, _ time.Time) { d.wantText("application_id") },
	func(d *Decoded, _ time.Time) { d.wantText("jti") },
	checkIssued,
	checkNotBefore,
	checkExpiry,
	checkUnwanted,
}

// skew is by how much an iat may lie ahead without a word.
const skew = 30 * time.Second

func checkAlgorithm(d *Decoded, _ time.Time) {
	alg, ok := d.Header["alg"].(string)
	switch {
	case !ok:
		d.add(LevelError, "alg", "missing: it must be RS256")
	case alg == "RS256":
	case strings.EqualFold(alg, "none"):
		d.add(LevelError, "alg", "none: the token is not signed at all")
	case strings.HasPrefix(alg, "HS"):
		d.add(LevelError, "alg", escaped(alg)+" signs with a shared secret: it must be RS256, with the application's private key")
	default:
		d.add(LevelError, "alg", escaped(alg)+": it must be RS256")
	}
}

func checkType(d *Decoded, _ time.Time) {
	if typ, ok := d.Header["typ"].(string); ok && !strings.EqualFold(typ, "JWT") {
		d.add(LevelWarning, "typ", escaped(typ)+": it should be JWT")
	}
}

func checkCrit(d *Decoded, _ time.Time) {
	if _, ok := d.Header["crit"]; ok {
		d.add(LevelError, "crit", "asks the reader to understand extensions or to refuse: this flow has none")
	}
}

// signature notes what can be seen of the signature without a key.
func (d *Decoded) signature(parts []string) {
	if d.parts == bareParts || parts[2] == "" {
		d.add(LevelError, "signature", "missing: the token is not signed")
		return
	}
	raw, err := d.base64("signature", parts[2])
	if err != nil {
		d.add(LevelError, "signature", "it is not base64url: the token was cut or changed")
		return
	}
	if bits := 8 * len(raw); d.Header["alg"] == "RS256" && bits < MinBits {
		d.add(LevelError, "signature", "has "+strconv.Itoa(bits)+" bits, and an RSA key of 2048 or more makes as many: cut off, or too small a key")
	}
}

// wantText asks for a claim that is a text and not empty.
func (d *Decoded) wantText(claim string) {
	value, present := d.Claims[claim]
	text, ok := value.(string)
	switch {
	case !present:
		d.add(LevelError, claim, "missing")
	case !ok:
		d.add(LevelError, claim, "is not a text")
	case strings.TrimSpace(text) == "":
		d.add(LevelError, claim, "is empty")
	}
}

func checkIssued(d *Decoded, now time.Time) {
	iat, state := d.date("iat")
	if state == dateMissing {
		d.add(LevelError, "iat", "missing")
	}
	if ahead := iat.Sub(now); state == dateGood && ahead > skew {
		d.add(LevelError, "iat", "lies "+span(ahead)+" ahead: the clock of its maker or yours is wrong")
	}
}

func checkNotBefore(d *Decoded, now time.Time) {
	nbf, state := d.date("nbf")
	if ahead := nbf.Sub(now); state == dateGood && ahead > 0 {
		d.add(LevelError, "nbf", "not valid yet, for another "+span(ahead))
	}
}

func checkExpiry(d *Decoded, now time.Time) {
	iat, hasIat := d.quietDate("iat")
	exp, state := d.date("exp")
	if state == dateMissing {
		d.add(LevelWarning, "exp", "missing: the far side takes 15 minutes from iat")
		if hasIat && now.Sub(iat) >= DefaultTTL {
			d.add(LevelError, "exp", "expired "+span(now.Sub(iat)-DefaultTTL)+" ago, counted so")
		}
	}
	if state != dateGood {
		return
	}
	if !now.Before(exp) {
		d.add(LevelError, "exp", "expired "+span(now.Sub(exp))+" ago")
	}
	if !hasIat {
		return
	}
	switch life := exp.Sub(iat); {
	case life <= 0:
		d.add(LevelError, "exp", "is not after iat")
	case life > MaxTTL:
		d.add(LevelError, "exp", "a lifetime of "+span(life)+" is too long: 24h at most")
	case life < MinTTL:
		d.add(LevelError, "exp", "a lifetime of "+span(life)+" is too short: 30s at least")
	}
}

func checkUnwanted(d *Decoded, _ time.Time) {
	if _, ok := d.Claims["acl"]; ok {
		d.add(LevelError, "acl", unwanted["acl"].Text)
	}
	if _, ok := d.Claims["sub"]; ok {
		d.add(LevelWarning, "sub", unwanted["sub"].Text)
	}
}

// dateState says what became of a NumericDate.
type dateState int

const (
	dateMissing dateState = iota
	dateBad               // there is a finding about it
	dateGood
)

// A NumericDate past the year 5138 is in milliseconds; one past that in
// milliseconds is nothing.
const (
	lastSecond = 1e11
	lastMilli  = 1e14
)

// date reads a NumericDate (RFC 7519 section 2: seconds since 1970, perhaps
// with a fraction), with a finding if it is none.
func (d *Decoded) date(claim string) (time.Time, dateState) {
	value, present := d.Claims[claim]
	if !present {
		return time.Time{}, dateMissing
	}
	number, ok := value.(json.Number)
	if !ok {
		d.add(LevelError, claim, "is not a number: it must be seconds since 1970")
		return time.Time{}, dateBad
	}
	seconds, err := number.Float64()
	switch {
	case err != nil, seconds < 0, seconds > lastMilli:
		d.add(LevelError, claim, "is no date: it must be seconds since 1970")
		return time.Time{}, dateBad
	case seconds > lastSecond:
		d.add(LevelError, claim, "is in milliseconds: it must be seconds since 1970")
		return time.Time{}, dateBad
	}
	whole, part := math.Modf(seconds)
	return time.Unix(int64(whole), int64(part*float64(time.Second))), dateGood
}

// quietDate is date without findings, for a claim that has been judged.
func (d *Decoded) quietDate(claim string) (time.Time, bool) {
	t, state := (&Decoded{Claims: d.Claims}).date(claim)
	return t, state == dateGood
}

// IssuedAt returns the iat claim in UTC, false if there is no usable one.
func (d *Decoded) IssuedAt() (time.Time, bool) { return d.shown("iat") }

// ExpiresAt returns the exp claim in UTC, false if there is no usable one.
func (d *Decoded) ExpiresAt() (time.Time, bool) { return d.shown("exp") }

// ApplicationID returns the application_id claim, empty if there is none. It
// is what the token says: escape it before showing it.
func (d *Decoded) ApplicationID() string {
	id, _ := d.Claims["application_id"].(string)
	return id
}

func (d *Decoded) shown(claim string) (time.Time, bool) {
	t, ok := d.quietDate(claim)
	return t.UTC(), ok
}

// span writes a duration to the second, as people do: "9m58s", "26h", and from three days on "4 days".
func span(d time.Duration) string {
	const day, many = 24 * time.Hour, 3
	if d >= many*day {
		return strconv.Itoa(int(d/day)) + " days"
	}
	s := d.Round(time.Second).String()
	if strings.HasSuffix(s, "m0s") {
		s = strings.TrimSuffix(s, "0s")
	}
	if strings.HasSuffix(s, "h0m") {
		s = strings.TrimSuffix(s, "0m")
	}
	return s
}
