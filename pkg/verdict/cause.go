package verdict

import "strings"

// A Cause is a row of the catalogue: one reason why a verification fails.
type Cause struct {
	Name   string   `json:"name"`   // kebab-case, stable
	Title  string   `json:"title"`  // a clause without full stop: "the phone's request came over Wi-Fi"
	Means  string   `json:"means"`  // what it means, whole sentences
	Who    string   `json:"who"`    // who causes it
	Fix    string   `json:"fix"`    // how to fix it, whole sentences; {app}, {key} and {redirect} stand for the settings
	Source string   `json:"source"` // which part of the guide, an RFC or CAMARA says so
	Next   []string `json:"next"`   // commands that help; {phone} stands for the number
}

// A Group is a part of the catalogue: where in the flow its causes are met.
type Group struct {
	Title  string
	Causes []Cause
}

// Groups returns the catalogue, in the order of the flow.
func Groups() []Group {
	return []Group{
		{"Credentials", credentialCauses},
		{"Enable: account, number and request", enableCauses},
		{"Authorize: the redirect chain", chainCauses},
		{"The callback", callbackCauses},
		{"Exchange: the code", exchangeCauses},
		{"Verify: the token and the number", verifyCauses},
		{"Silent authentication (Verify API)", silentCauses},
		{"The far side", serviceCauses},
		{"The network between", networkCauses},
	}
}

// Names returns the names of all causes, in the order of the catalogue.
func Names() []string {
	var names []string
	for _, g := range Groups() {
		for _, c := range g.Causes {
			names = append(names, c.Name)
		}
	}
	return names
}

// Named finds a cause by its name, in any case and with spaces or underscores for hyphens.
func Named(name string) (Cause, bool) {
	name = strings.NewReplacer(" ", "-", "_", "-").Replace(strings.ToLower(strings.TrimSpace(name)))
	for _, g := range Groups() {
		for _, c := range g.Causes {
			if c.Name == name {
				return c, true
			}
		}
	}
	return Cause{}, false
}

// Plain is the cause with general words in place of those that stand for settings.
func (c Cause) Plain() Cause {
	v := newView(Observation{})
	c.Fix, c.Next = v.filled(c.Fix), v.commands(c)
	return c
}
