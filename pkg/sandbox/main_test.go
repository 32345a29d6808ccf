package sandbox_test

import (
	"os"
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) {
	if what := os.Getenv(servedEnv); what != "" {
		serveForBenchmark(what)
		return
	}
	goleak.VerifyTestMain(m)
}
