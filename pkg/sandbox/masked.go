package sandbox

import (
	"crypto/sha256"
	"encoding/hex"
	"net/url"
	"strings"
)

// masked is an entry as others may see it: what can be used or names a person is a pseudonym, the same for
// the same value as long as the sandbox runs, so that one can still be followed from request to request.
func (s *Server) masked(e Entry) Entry {
	kind, credential, _ := strings.Cut(e.Authorization, " ")
	e.Authorization = strings.TrimSpace(scheme(kind) + " " + s.pseudonym("credential", credential))
	e.Path = s.maskedPath(e)
	e.Query = s.maskedQuery(e.Query)
	e.Phone = s.maskedPhone(e.Phone)
	e.State = s.pseudonym("state", e.State)
	e.Code = s.pseudonym("code", e.Code)
	e.Token = s.pseudonym("token", e.Token)
	e.RequestID = s.pseudonym("request", e.RequestID)
	e.Cookie = s.pseudonym("cookie", e.Cookie)
	e.RedirectURI, e.Referer = s.maskedURL(e.RedirectURI), s.maskedURL(e.Referer)
	e.Location, e.Body, e.Answer = s.maskedLocation(e.Location), "", ""
	return e
}

// pseudonym is kind~ and a few digits of a hash that only this sandbox can make.
func (s *Server) pseudonym(kind, value string) string {
	if value == "" {
		return ""
	}
	sum := sha256.Sum256([]byte(s.control.token + "\x00" + value))
	return kind + "~" + hex.EncodeToString(sum[:4])
}

// scheme is that of an Authorization header, if it is a usual one.
func scheme(s string) string {
	if strings.EqualFold(s, "bearer") || strings.EqualFold(s, "basic") {
		return s
	}
	return ""
}

// maskedPhone keeps the beginning, which says the country, and the last two digits.
func (s *Server) maskedPhone(phone string) string {
	if !isPhone(phone) {
		return s.pseudonym("phone", phone)
	}
	return phone[:min(4, len(phone)-2)] + strings.Repeat("•", max(len(phone)-6, 0)) + phone[len(phone)-2:]
}

// maskedPath keeps the paths that are served; of others nobody knows what they hold.
func (s *Server) maskedPath(e Entry) string {
	switch {
	case e.Stage == "":
		return "/" + s.pseudonym("path", strings.TrimPrefix(e.Path, "/"))
	case e.RequestID != "":
		return strings.Replace(e.Path, silentPath+"/"+e.RequestID, silentPath+"/"+s.pseudonym("request", e.RequestID), 1)
	case e.Stage == StageApplication && e.Path != applicationsPath+s.options.ApplicationID:
		return applicationsPath + s.pseudonym("application", e.Path)
	default:
		return e.Path
	}
}

// shownParameters say nothing secret; of hiddenParameters the names are known, of others not even those.
const (
	shownParameters  = " client_id response_type scope error grant_type prompt max_age response_mode code_challenge_method n "
	hiddenParameters = " state code request_id login_hint id_token_hint request nonce code_challenge error_description "
)

// maskedQuery keeps the names that are known, and few values.
func (s *Server) maskedQuery(raw string) string {
	if raw == "" {
		return ""
	}
	pairs := strings.Split(raw, "&")
	for i, pair := range pairs {
		name, value, _ := strings.Cut(pair, "=")
		plain, err := url.QueryUnescape(value)
		switch known := " " + name + " "; {
		case err != nil || name == "":
			pairs[i] = s.pseudonym("query", pair)
		case name == "redirect_uri":
			pairs[i] = name + "=" + s.maskedURL(plain)
		case strings.Contains(hiddenParameters, known):
			pairs[i] = name + "=" + s.pseudonym(name, plain)
		case !strings.Contains(shownParameters, known):
			pairs[i] = s.pseudonym("parameter", pair)
		}
	}
	return strings.Join(pairs, "&")
}

// maskedLocation is maskedURL for one of ours, with its parameters.
func (s *Server) maskedLocation(raw string) string {
	at, query, ok := strings.Cut(raw, "?")
	if !ok || strings.Contains(raw, "#") {
		return s.maskedURL(raw)
	}
	return s.maskedURL(at) + "?" + s.maskedQuery(query)
}

// maskedURL keeps origin and path.
func (s *Server) maskedURL(raw string) string {
	u, err := url.Parse(raw)
	if err != nil || u.Host == "" || u.User != nil || u.Fragment != "" || strings.Contains(u.Path, silentPath+"/") {
		return s.pseudonym("url", raw)
	}
	shown := u.Scheme + "://" + u.Host + u.EscapedPath()
	if u.RawQuery != "" {
		shown += "?" + s.pseudonym("query", u.RawQuery)
	}
	return shown
}
