package sandbox_test

const servedEnv = "VNV_SANDBOX_BENCHMARK_SERVES"

func serveForBenchmark(string) {}
