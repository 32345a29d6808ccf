package trace

// A Difference is one thing in which two chains differ. A hop number of 0 says that there is none.
type Difference struct {
	Kind  string `json:"kind"`            // one of the Diff… names
	HopA  int    `json:"hop_a,omitempty"` // counted along the chain
	HopB  int    `json:"hop_b,omitempty"`
	Param string `json:"param,omitempty"` // of DiffParam, DiffCookie
	A     string `json:"a,omitempty"`
	B     string `json:"b,omitempty"`
	Text  string `json:"text"` // one sentence for people
}

// In what two chains can differ.
const (
	DiffAdded    = "hop-added"
	DiffGone     = "hop-gone"
	DiffParam    = "parameter"
	DiffStatus   = "status"
	DiffAddress  = "address"
	DiffCert     = "certificate"
	DiffProtocol = "protocol"
	DiffCookie   = "cookie"
	DiffSlower   = "slower"
	DiffEnd      = "end"
)

// Diff says in what b differs from a.
func Diff(a, b *Trace) []Difference {
	return nil
}
