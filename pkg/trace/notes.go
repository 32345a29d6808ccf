package trace

import (
	"context"
	"sync"
)

// Notes gathers what the sender of a request has to say about it. The [Recorder] puts them, masked,
// on the request's [Hop]. Safe for concurrent use; a nil *Notes takes notes and forgets them.
type Notes struct {
	mu    sync.Mutex
	list  []Note
	phase string
}

// notesKey is the context key of *Notes.
type notesKey struct{}

// WithNotes returns a context for one request, and where to put notes about it until its body is closed.
func WithNotes(ctx context.Context) (context.Context, *Notes) {
	n := &Notes{}
	return context.WithValue(ctx, notesKey{}, n), n
}

// NotesFrom returns the notes of the request that ctx belongs to, nil if it has none.
func NotesFrom(ctx context.Context) *Notes {
	n, _ := ctx.Value(notesKey{}).(*Notes)
	return n
}

// Add notes text (one line, unmasked) under kind; the same note twice is one.
func (n *Notes) Add(kind, text string) {
	if n == nil {
		return
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, old := range n.list {
		if old.Kind == kind && old.Text == text {
			return
		}
	}
	n.list = append(n.list, Note{Kind: kind, Text: text})
}

// masked returns the notes so far, masked by m.
func (n *Notes) masked(m *Mask) []Note {
	if n == nil {
		return nil
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	var out []Note
	for _, note := range n.list {
		out = append(out, Note{Kind: note.Kind, Text: m.Text(note.Text)})
	}
	return out
}

// Phase is where the request stood when it failed, one of the Phase… names; empty if it did not,
// or no [Recorder] saw it.
func (n *Notes) Phase() string {
	if n == nil {
		return ""
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.phase
}

// failed notes where the request stood when it failed.
func (n *Notes) failed(phase string) {
	if n == nil {
		return
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	n.phase = phase
}
