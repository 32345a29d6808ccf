package follow

// Check judges the form of a URL before anybody opens it: http or https with a host, no userinfo,
// no control characters. [Follower.Follow] does so by itself; use Check where the URL goes
// elsewhere, to a browser or a person. The error is an [*Error] about hop 1.
func Check(raw string) error {
	if _, err := parseTarget(raw, nil); err != nil {
		w := (&Follower{}).walk()
		return w.badTarget(raw, err)
	}
	return nil
}
