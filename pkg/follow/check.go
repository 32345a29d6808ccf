package follow

import "context"

// Check judges a URL before anybody opens it: http or https with a host, no userinfo, no control
// characters, and no address, as far as the name itself tells, that o would not let a chain reach.
// [Follower.Follow] does so by itself; use Check where the URL goes elsewhere, to a browser or a
// person. The error is an [*Error] about hop 1.
func Check(raw string, o Options) error {
	w := (&Follower{Options: o}).walk()
	u, err := parseTarget(raw, nil)
	if err != nil {
		return w.badTarget(raw, err)
	}
	if err := w.policy.checkName(context.Background(), u, nil); err != nil {
		return w.refused(u, err)
	}
	return nil
}
