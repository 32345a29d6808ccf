// Command listener is a net/http server on one address and nothing else: the
// least time in which a program can be ready for a callback.
//
//	listener 127.0.0.1:8080
package main

import (
	"fmt"
	"net/http"
	"os"
	"time"
)

func main() {
	server := &http.Server{
		Addr:              os.Args[1],
		ReadHeaderTimeout: 2 * time.Second,
		Handler:           http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "ok") }),
	}
	fmt.Fprintln(os.Stderr, "listener:", server.ListenAndServe())
	os.Exit(1)
}
