package trace_test

import (
	"fmt"

	"github.com/vnv-cli/vnv/pkg/trace"
)

// A log of curl is read, masked, and searched for what is odd.
func ExampleRead() {
	log := []byte(`
* Connected to idp.example (192.0.2.7) port 443 (#0)
> GET /auth?state=kJ82hHs7Hsa9 HTTP/1.1
> Host: idp.example
< HTTP/1.1 302 Found
< Location: http://he.op.example/enrich?state=v2_01928374
* Issue another request to this URL: 'http://he.op.example/enrich?state=v2_01928374'
> GET /enrich?state=v2_01928374 HTTP/1.1
> Host: he.op.example
< HTTP/1.1 200 OK
< Content-Type: text/html
<html><title>Use mobile data</title>
`)
	t, format, err := trace.Read(log, nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(format, t.Outcome)
	for _, f := range t.Findings {
		fmt.Println(f.Hop, f.Level, f.Name, f.Evidence)
	}
	// Output:
	// curl ended at the page “Use mobile data” at hop 2
	// 1 info state-changed state~1 → state~2
	// 1 warning downgrade to http://he.op.example
	// 2 warning cleartext-hop http://he.op.example
	// 2 error html-page status 200, text/html
}
