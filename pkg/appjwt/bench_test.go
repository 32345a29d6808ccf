package appjwt

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"testing"
	"time"
)

// BenchmarkSign prints what a fresh token costs beside the bare RSA operation
// under it: x-raw is the ratio, both measured in this run.
func BenchmarkSign(b *testing.B) {
	s, _ := testSigner(b)
	private := s.Key.reveal()
	digest := sha256.Sum256([]byte("x"))
	var raw, whole time.Duration
	for b.Loop() {
		start := time.Now()
		must(rsa.SignPKCS1v15(rand.Reader, private, crypto.SHA256, digest[:]))
		middle := time.Now()
		must(s.sign(noon))
		raw, whole = raw+middle.Sub(start), whole+time.Since(middle)
	}
	b.ReportMetric(float64(whole)/float64(raw), "x-raw")
}

// BenchmarkReuse is a token that was signed before.
func BenchmarkReuse(b *testing.B) {
	s, _ := testSigner(b)
	b.ReportAllocs()
	for b.Loop() {
		must(s.Token(b.Context()))
	}
}

func BenchmarkParseKey(b *testing.B) {
	pem := readKey(b, "rsa2048-pkcs8.pem")
	for b.Loop() {
		must(ParseKey(pem))
	}
}

func BenchmarkDecode(b *testing.B) {
	text := token(goodHeader, goodClaims)
	for b.Loop() {
		must(Decode(text, noon))
	}
}
