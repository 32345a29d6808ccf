package sandbox

// MatchesPattern is pattern.matches, for tests.
func MatchesPattern(t interface{ Fatal(args ...any) }, numbers, phone string) bool {
	p, err := parsePattern(numbers)
	if err != nil {
		t.Fatal(err)
	}
	return p.matches(phone)
}
