package main

import (
	"net/http"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
	"go.uber.org/goleak"
)

// TestMain makes the test binary be vnv when it is called by that name, so that
// scripts and tests of processes run the very main of the binary.
func TestMain(m *testing.M) {
	testscript.Main(quiet{m}, map[string]func(){"vnv": main})
}

// quiet runs the tests and fails when one left a goroutine behind.
type quiet struct{ m *testing.M }

func (q quiet) Run() int {
	code := q.m.Run()
	http.DefaultClient.CloseIdleConnections()
	if err := goleak.Find(); err != nil && code == 0 {
		println(err.Error())
		return 1
	}
	return code
}
