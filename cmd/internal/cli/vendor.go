package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"path/filepath"
)

// vendorFile is what the vendor's own command line keeps in ~/.vonage/config.json
// and .vonagerc: the key's text itself, not a path. vnv only ever reads it.
type vendorFile struct {
	AppID      string `json:"app-id"`
	PrivateKey string `json:"private-key"`
}

func parseVendor(path string, raw []byte) (vendorFile, error) {
	var v vendorFile
	if err := json.Unmarshal(raw, &v); err != nil {
		line := 1
		if syntax, ok := errors.AsType[*json.SyntaxError](err); ok {
			line += bytes.Count(raw[:min(int(syntax.Offset), len(raw))], []byte("\n"))
		}
		return v, usagef("%s:%d: not the JSON that the vendor's command line writes", path, line)
	}
	return v, nil
}

func (v vendorFile) settings() map[string]any {
	m := map[string]any{}
	for key, value := range map[string]string{"app_id": v.AppID, "private_key": v.PrivateKey} {
		if value != "" {
			m[key] = value
		}
	}
	return m
}

// vendorConfig reads the vendor's own file in the user's home, if there is one.
func (c *config) vendorConfig() (vendorFile, error) {
	if c.env.Home == "" {
		return vendorFile{}, nil
	}
	path := filepath.Join(c.env.Home, ".vonage", "config.json")
	raw, err := readNamed(context.Background(), path, path, maxInput) // which waits for 5 s at most
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return vendorFile{}, nil
	case err != nil:
		return vendorFile{}, unreadable(err)
	}
	return parseVendor(path, raw)
}
