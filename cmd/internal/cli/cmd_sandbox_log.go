package cli

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/vnv-cli/vnv/cmd/internal/render"
	"github.com/vnv-cli/vnv/pkg/sandbox"
	"github.com/vnv-cli/vnv/pkg/vnv"
)

// logSandbox has one masked line written for every request and every webhook, unless
// -q; handlers log side by side.
func (a *app) logSandbox(o *sandbox.Options) {
	if a.out.quiet {
		return
	}
	var mu sync.Mutex
	write := func(line string) {
		mu.Lock()
		defer mu.Unlock()
		render.Text(a.Err, a.style(), line+"\n")
	}
	o.Log = func(e sandbox.Entry) { write(a.requestLine(e)) }
	if o.Webhook != "" {
		o.WebhookLog = func(d sandbox.Delivery) { write(a.webhookLine(o.Webhook, d)) }
	}
}

func (a *app) requestLine(e sandbox.Entry) string {
	phone := ""
	if p, err := vnv.ParsePhone(e.Phone); err == nil {
		phone = p.Masked()
	}
	note := e.Note
	if e.Fault != "" {
		note = strings.TrimSpace("fault " + e.Fault + " " + note)
	}
	line := fmt.Sprintf("%s  %3d  %-9s  %-4s %s", a.timeOf(e.Time), e.Status, e.Stage, printable(e.Method), a.mask.URL(e.Path))
	return joined(line, phone, a.mask.Text(note))
}

func (a *app) webhookLine(to string, d sandbox.Delivery) string {
	note := ""
	if d.Try > 1 {
		note = fmt.Sprintf("try %d", d.Try)
	}
	failed := ""
	if d.Err != nil {
		failed = a.mask.Text(reason(d.Err).Error())
	}
	if d.Err != nil && d.Last {
		failed += ", given up"
	}
	line := fmt.Sprintf("%s  %3d  %-9s  POST %s", a.timeOf(d.Time), d.Status, "webhook", a.mask.URL(to))
	return joined(line, note, failed)
}

func (a *app) timeOf(at time.Time) string {
	if at.IsZero() {
		at = a.Now()
	}
	return at.Format(time.TimeOnly)
}

// joined puts the columns of a line together, without those that are empty.
func joined(columns ...string) string {
	return strings.Join(slices.DeleteFunc(columns, func(c string) bool { return c == "" }), "  ")
}
