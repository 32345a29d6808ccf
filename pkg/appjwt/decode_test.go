package appjwt

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func encode(s string) string { return base64.RawURLEncoding.EncodeToString([]byte(s)) }

const (
	goodHeader = `{"alg":"RS256","typ":"JWT"}`
	goodClaims = `{"application_id":"aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeee","iat":1772366400,"exp":1772367300,"jti":"j"}`
)

var goodSignature = strings.Repeat("A", 342)

// claims returns goodClaims with some set otherwise; nil removes one.
func claims(set map[string]any) string {
	var all map[string]any
	dec := json.NewDecoder(strings.NewReader(goodClaims))
	dec.UseNumber()
	if err := dec.Decode(&all); err != nil {
		panic(err)
	}
	maps.Copy(all, set)
	maps.DeleteFunc(all, func(_ string, v any) bool { return v == nil })
	return string(must(json.Marshal(all)))
}

func token(header, claims string) string {
	return encode(header) + "." + encode(claims) + "." + goodSignature
}

// ahead is a NumericDate, in seconds from noon.
func ahead(seconds int64) int64 { return noon.Unix() + seconds }

// findingRow is a token and what is found: level, claim and the beginning of
// the text of each finding but the first.
type findingRow struct {
	token string
	want  []string
}

// headerRows are about the header and repeated names.
func headerRows() map[string]findingRow {
	with := func(set map[string]any) string { return token(goodHeader, claims(set)) }
	head := func(header string) string { return token(header, goodClaims) }
	return map[string]findingRow{
		"good":            {token(goodHeader, goodClaims), nil},
		"no typ":          {head(`{"alg":"RS256"}`), nil},
		"fractions":       {with(map[string]any{"iat": 1772366400.25}), nil},
		"alg none":        {head(`{"alg":"none"}`), []string{"error alg none: the token is not signed"}},
		"alg NoNe":        {head(`{"alg":"NoNe"}`), []string{"error alg none"}},
		"alg HS256":       {head(`{"alg":"HS256"}`), []string{"error alg HS256 signs with a shared secret"}},
		"alg ES256":       {head(`{"alg":"ES256"}`), []string{"error alg ES256: it must be RS256"}},
		"alg missing":     {head(`{"typ":"JWT"}`), []string{"error alg missing"}},
		"alg no text":     {head(`{"alg":["RS256"]}`), []string{"error alg missing"}},
		"alg hostile":     {head(`{"alg":"\u001b[2J\u202e"}`), []string{`error alg \x1b[2J\u202e: it must`}},
		"typ":             {head(`{"alg":"RS256","typ":"at+jwt"}`), []string{"warning typ at+jwt"}},
		"crit":            {head(`{"alg":"RS256","crit":["b64"]}`), []string{"error crit asks"}},
		"header twice":    {head(`{"alg":"none","alg":"RS256"}`), []string{"error alg it comes twice in the header"}},
		"claims twice":    {token(goodHeader, goodClaims[:len(goodClaims)-1]+`,"exp":1772367300}`), []string{"error exp it comes twice in the payload"}},
		"nested twice":    {with(map[string]any{"x": json.RawMessage(`[{"a":1,"b":{"a":"a","c":[]},"a":2}]`)}), []string{"error a it comes twice"}},
		"same name apart": {with(map[string]any{"x": json.RawMessage(`[{"a":"a"},{"a":"a"},["a","a"]]`)}), nil},
	}
}

// claimRows are about the claims.
func claimRows() map[string]findingRow {
	with := func(set map[string]any) string { return token(goodHeader, claims(set)) }
	return map[string]findingRow{
		"no application_id":  {with(map[string]any{"application_id": nil}), []string{"error application_id missing"}},
		"application_id 7":   {with(map[string]any{"application_id": 7}), []string{"error application_id is not a text"}},
		"application_id ''":  {with(map[string]any{"application_id": " "}), []string{"error application_id is empty"}},
		"no jti":             {with(map[string]any{"jti": nil}), []string{"error jti missing"}},
		"no iat":             {with(map[string]any{"iat": nil}), []string{"error iat missing"}},
		"iat a text":         {with(map[string]any{"iat": "1772366400"}), []string{"error iat is not a number"}},
		"iat milliseconds":   {with(map[string]any{"iat": 1772366400000}), []string{"error iat is in milliseconds"}},
		"iat negative":       {with(map[string]any{"iat": -1}), []string{"error iat is no date"}},
		"iat enormous":       {with(map[string]any{"iat": json.Number("1e400")}), []string{"error iat is no date"}},
		"iat ahead":          {with(map[string]any{"iat": ahead(600)}), []string{"error iat lies 10m ahead"}},
		"iat a little ahead": {with(map[string]any{"iat": ahead(20)}), nil},
		"expired":            {with(map[string]any{"iat": ahead(-1200), "exp": ahead(-598)}), []string{"error exp expired 9m58s ago"}},
		"expires now":        {with(map[string]any{"iat": ahead(-900), "exp": ahead(0)}), []string{"error exp expired 0s ago"}},
		"no exp":             {with(map[string]any{"exp": nil}), []string{"warning exp missing"}},
		"no exp, and old":    {with(map[string]any{"exp": nil, "iat": ahead(-1000)}), []string{"warning exp missing", "error exp expired 1m40s ago, counted so"}},
		"no exp, no iat":     {with(map[string]any{"exp": nil, "iat": nil}), []string{"error iat missing", "warning exp missing"}},
		"exp enormous":       {with(map[string]any{"exp": json.Number("9e18")}), []string{"error exp is no date"}},
		"too long":           {with(map[string]any{"exp": ahead(25 * 3600)}), []string{"error exp a lifetime of 25h is too long"}},
		"too short":          {with(map[string]any{"exp": ahead(29)}), []string{"error exp a lifetime of 29s is too short"}},
		"exp before iat":     {with(map[string]any{"iat": ahead(20), "exp": ahead(10)}), []string{"error exp is not after iat"}},
		"not valid yet":      {with(map[string]any{"nbf": ahead(60)}), []string{"error nbf not valid yet, for another 1m"}},
		"acl":                {with(map[string]any{"acl": map[string]any{}}), []string{"error acl must not be present"}},
		"sub":                {with(map[string]any{"sub": "alice"}), []string{"warning sub belongs to other products"}},
	}
}

// formRows are about the form around both.
func formRows() map[string]findingRow {
	return map[string]findingRow{
		"no signature":       {encode(goodHeader) + "." + encode(goodClaims) + ".", []string{"error signature missing"}},
		"2 parts":            {encode(goodHeader) + "." + encode(goodClaims), []string{"error signature missing"}},
		"signature cut":      {encode(goodHeader) + "." + encode(goodClaims) + ".AAAA", []string{"error signature has 24 bits"}},
		"signature odd":      {encode(goodHeader) + "." + encode(goodClaims) + ".!", []string{"error signature it is not base64url"}},
		"5 parts":            {encode(`{"alg":"RSA-OAEP","enc":"A256GCM"}`) + ".a.b.c.d", []string{"error token it is encrypted (JWE, 5 parts)"}},
		"ordinary base64":    {base64.StdEncoding.EncodeToString([]byte(goodHeader+" ")) + "." + encode(goodClaims) + "." + goodSignature, []string{"error token its header is in ordinary base64"}},
		"white space inside": {encode(goodHeader) + ".\n" + encode(goodClaims) + "." + goodSignature, []string{"warning token it has white space inside"}},
		"not UTF-8":          {token(goodHeader, goodClaims[:len(goodClaims)-1]+",\"x\":\"\xff\"}"), []string{"warning token its payload is not UTF-8"}},
	}
}

func TestDecodeFindings(t *testing.T) {
	t.Parallel()
	rows := headerRows()
	maps.Copy(rows, claimRows())
	maps.Copy(rows, formRows())
	for name, row := range rows {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d, err := Decode(row.token, noon)
			if err != nil {
				t.Fatal(err)
			}
			wantFindings(t, d.Findings, row.want)
		})
	}
}

// wantFindings compares findings by their beginnings; the first must always
// say that nothing was verified.
func wantFindings(t *testing.T, got []Finding, want []string) {
	t.Helper()
	want = append([]string{"note signature not verified"}, want...)
	shown := make([]string, len(got))
	for i, f := range got {
		shown[i] = string(f.Level) + " " + f.Claim + " " + f.Text
		if i < len(want) && strings.HasPrefix(shown[i], want[i]) {
			shown[i] = want[i]
		}
	}
	if diff := cmp.Diff(want, shown); diff != "" {
		t.Error(diff)
	}
}

func TestDecodeForgives(t *testing.T) {
	t.Parallel()
	good := token(goodHeader, goodClaims)
	for _, text := range []string{
		" " + good + "\r\n", `"` + good + `"`, "'" + good + "'\n", "Bearer " + good, "bearer  " + good,
		"Authorization: Bearer " + good, `"authorization:Bearer ` + good + `"`, `Bearer "` + good + `"`,
	} {
		d, err := Decode(text, noon)
		if err != nil {
			t.Errorf("%.30q…: %v", text, err)
			continue
		}
		wantFindings(t, d.Findings, nil)
	}
}

func TestDecodeRefuses(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct{ token, want string }{
		"empty":            {"", "it is empty"},
		"only quotes":      {` "" `, "it is empty"},
		"opaque":           {"c0ffee", "it has no dots"},
		"4 parts":          {"a.b.c.d", "it has 4 parts"},
		"6 parts":          {"a.b.c.d.e.f", "it has 6 parts"},
		"10 MB":            {strings.Repeat("a", 10<<20), "10485760 bytes are too many"},
		"many dots":        {strings.Repeat(".", MaxTokenBytes), "it has 65537 parts"},
		"header no base64": {"!.b.c", "its header is not base64url"},
		"header no JSON":   {encode("x") + ".b.c", "its header is not JSON"},
		"header a list":    {encode("[]") + ".b.c", "its header is not a JSON object"},
		"header null":      {encode("null") + ".b.c", "its header is not a JSON object"},
		"header goes on":   {encode("{} {}") + ".b.c", "its header is not JSON"},
		"header cut":       {encode(`{"alg":"RS256"`) + ".b.c", "its header is not JSON"},
		"header empty":     {".b.c", "its header is not JSON"},
		"claims no base64": {encode("{}") + ".!.c", "its payload is not base64url"},
		"claims a number":  {encode("{}") + "." + encode("7") + ".c", "its payload is not a JSON object"},
		"claims deep":      {encode("{}") + "." + encode(strings.Repeat("[", 20000)+strings.Repeat("]", 20000)) + ".c", "its payload is not a JSON object"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d, err := Decode(row.token, noon)
			var got *TokenError
			if d != nil || !errors.As(err, &got) || !strings.HasPrefix(err.Error(), "decode JWT: "+row.want) {
				t.Errorf("got %v, %v; want a TokenError beginning %q", d, err, row.want)
			}
		})
	}
}

// TestDecodeOwn reads what a Signer made: no fault, and the values set.
func TestDecodeOwn(t *testing.T) {
	t.Parallel()
	s, _ := testSigner(t)
	d, err := Decode(must(s.Token(t.Context())), noon)
	if err != nil {
		t.Fatal(err)
	}
	wantFindings(t, d.Findings, nil)
	iat, _ := d.IssuedAt()
	exp, ok := d.ExpiresAt()
	if !ok || !iat.Equal(noon) || exp.Sub(iat) != DefaultTTL || d.ApplicationID() != s.ApplicationID {
		t.Errorf("iat %v, exp %v, application_id %q", iat, exp, d.ApplicationID())
	}
	if _, ok := (&Decoded{}).ExpiresAt(); ok {
		t.Error("an exp from nowhere")
	}
}

// TestDecodeShown holds the JSON form, which the command line prints.
func TestDecodeShown(t *testing.T) {
	t.Parallel()
	d := must(Decode(token(`{"alg":"RS256"}`, `{"application_id":"a","jti":"j","iat":1772366400,"exp":1772367300.5}`), noon))
	want := `{"header":{"alg":"RS256"},` +
		`"claims":{"application_id":"a","exp":1772367300.5,"iat":1772366400,"jti":"j"},` +
		`"findings":[{"level":"note","claim":"signature","text":"not verified: this only reads what the token says of itself"}]}`
	if diff := cmp.Diff(want, string(must(json.Marshal(d)))); diff != "" {
		t.Error(diff)
	}
	if exp, _ := d.ExpiresAt(); exp.Sub(noon) != 900500*time.Millisecond {
		t.Errorf("exp is %v", exp)
	}
}
