package sandbox

import (
	"crypto/rand"
	"encoding/binary"
	"encoding/hex"
	"io"
	mathrand "math/rand/v2"
	"sync"
)

// ids makes everything that must not be guessed. A source of the caller's own is read under a lock.
type ids struct {
	mu     sync.Mutex
	source io.Reader
	random bool // crypto/rand, no source
}

// newIDs is one of a server's sources: seeded, the caller's, or crypto/rand.
func newIDs(o Options, stream byte) ids {
	if o.Seed == 0 {
		return ids{source: o.Rand, random: o.Rand == nil}
	}
	var seed [32]byte
	binary.LittleEndian.PutUint64(seed[:], o.Seed)
	seed[8] = stream
	return ids{source: mathrand.NewChaCha8(seed)}
}

// restart begins a seeded source anew.
func (i *ids) restart(o Options) {
	i.mu.Lock()
	defer i.mu.Unlock()
	if o.Seed != 0 {
		i.source = newIDs(o, 0).source
	}
}

// read fills b. crypto/rand never fails; a caller's source that ends gives zeros from there on.
func (i *ids) read(b []byte) {
	if i.random {
		rand.Read(b) // never fails
		return
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	if _, err := io.ReadFull(i.source, b); err != nil {
		return
	}
}

// hex128 is 128 random bits in 32 hex digits: a code, a token, a trace id.
func (i *ids) hex128() string {
	var b [16]byte
	i.read(b[:])
	return hex.EncodeToString(b[:])
}

// short is a code of the second API: six letters and digits.
func (i *ids) short() string {
	const alphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	var b [6]byte
	i.read(b[:])
	for n := range b {
		b[n] = alphabet[int(b[n])%len(alphabet)] // not even, and good enough to play with
	}
	return string(b[:])
}

// uuid is a version 4 UUID (RFC 9562).
func (i *ids) uuid() string {
	var b [16]byte
	i.read(b[:])
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	var t [36]byte
	at := 0
	for n, group := range [...][2]int{{0, 4}, {4, 6}, {6, 8}, {8, 10}, {10, 16}} {
		if n > 0 {
			t[at] = '-'
			at++
		}
		at += hex.Encode(t[at:], b[group[0]:group[1]])
	}
	return string(t[:])
}
