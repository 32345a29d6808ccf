package main

import (
	"context"
	"fmt"
	"net"
	"os/exec"
	"slices"
	"strings"
	"time"
)

// run is what one run took, or the medians of many (of rss: the largest).
type run struct {
	wall, cpu time.Duration
	rss       int64 // bytes, 0 if the system does not tell
}

// once runs a command to its end, or until it is ready.
func once(argv []string, ready string) (run, error) {
	var story strings.Builder
	cmd := exec.CommandContext(context.Background(), argv[0], argv[1:]...)
	cmd.Stderr = &story
	start := time.Now()
	if err := cmd.Start(); err != nil {
		return run{}, err
	}
	if ready != "" {
		return untilReady(cmd, start, ready)
	}
	err := cmd.Wait()
	wall := time.Since(start)
	if err != nil {
		return run{}, fmt.Errorf("%s: %w\n%s", strings.Join(argv, " "), err, story.String())
	}
	state := cmd.ProcessState
	return run{wall: wall, cpu: state.UserTime() + state.SystemTime(), rss: maxRSS(state)}, nil
}

// untilReady tries to connect until it works. The address is free again only
// after the process is gone, so that is awaited too.
func untilReady(cmd *exec.Cmd, start time.Time, address string) (run, error) {
	defer func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	}()
	dialer := net.Dialer{Timeout: time.Second}
	for time.Since(start) < 10*time.Second {
		conn, err := dialer.DialContext(context.Background(), "tcp", address)
		if err == nil {
			wall := time.Since(start)
			return run{wall: wall}, conn.Close()
		}
		time.Sleep(50 * time.Microsecond)
	}
	return run{}, fmt.Errorf("%s: not ready on %s after 10 s", cmd, address)
}

// sum makes one of many.
func sum(runs []run) run {
	var walls, cpus []time.Duration
	var rss int64
	for _, r := range runs {
		walls, cpus, rss = append(walls, r.wall), append(cpus, r.cpu), max(rss, r.rss)
	}
	return run{wall: median(walls), cpu: median(cpus), rss: rss}
}

func median(all []time.Duration) time.Duration {
	slices.Sort(all)
	return all[len(all)/2]
}

func ratio(a, b time.Duration) float64 { return float64(a) / float64(b) }

func ms(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

func mib(bytes int64) float64 { return float64(bytes) / (1 << 20) }
