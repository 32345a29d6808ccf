// Command pair runs two commands alternately, A B B A A B …, and prints the
// medians of their wall and CPU times, their ratio, and the largest resident
// size: on a busy machine both sides suffer the same.
//
//	pair [-n 100] [-name TEXT] [-bar 'wall ≤ 2.0'] [-ready ADDRESS] -- A… -- B…
//
// With -ready a command counts until the address accepts a connection; then
// it is killed.
package main

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"slices"
)

func main() {
	n := flag.Int("n", 100, "pairs to run")
	name := flag.String("name", "A / B", "what is compared")
	bar := flag.String("bar", "", "what was asked for; printed, never judged")
	ready := flag.String("ready", "", "count until this TCP address accepts, then kill")
	flag.Parse()
	if err := compare(*n, *name, *bar, *ready); err != nil {
		fmt.Fprintln(os.Stderr, "pair:", err)
		os.Exit(1)
	}
}

// compare warms both commands up once, measures, and prints one block.
func compare(n int, name, bar, ready string) error {
	a, b, err := split(flag.Args())
	if err != nil {
		return err
	}
	measure := func(argv []string) (run, error) { return once(argv, ready) }
	var runsA, runsB []run
	for i := range n + 1 {
		first, second := a, b
		if i%2 == 1 {
			first, second = b, a
		}
		one, err := measure(first)
		if err != nil {
			return err
		}
		two, err := measure(second)
		if err != nil {
			return err
		}
		if i%2 == 1 {
			one, two = two, one
		}
		if i > 0 { // the first pair warms the caches
			runsA, runsB = append(runsA, one), append(runsB, two)
		}
	}
	show(name, bar, sum(runsA), sum(runsB))
	return nil
}

// split takes "A… -- B…"; flag has eaten the first "--".
func split(args []string) (a, b []string, err error) {
	i := slices.Index(args, "--")
	if i < 1 || i == len(args)-1 {
		return nil, nil, fmt.Errorf("want two commands, -- A… -- B…, got %q", args)
	}
	a, b = args[:i], args[i+1:]
	for _, argv := range [][]string{a, b} {
		if _, err := exec.LookPath(argv[0]); err != nil {
			return nil, nil, err
		}
	}
	return a, b, nil
}

func show(name, bar string, a, b run) {
	if bar != "" {
		bar = "   (" + bar + ")"
	}
	fmt.Printf("%s%s\n", name, bar)
	fmt.Printf("  wall %6.3f   %8.2f ms / %8.2f ms\n", ratio(a.wall, b.wall), ms(a.wall), ms(b.wall))
	if b.cpu > 0 {
		fmt.Printf("  cpu  %6.3f   %8.2f ms / %8.2f ms\n", ratio(a.cpu, b.cpu), ms(a.cpu), ms(b.cpu))
	}
	if a.rss > 0 && b.rss > 0 {
		fmt.Printf("  rss  %6.3f   %8.1f MiB/ %8.1f MiB\n", float64(a.rss)/float64(b.rss), mib(a.rss), mib(b.rss))
	}
}
