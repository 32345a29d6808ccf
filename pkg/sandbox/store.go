package sandbox

import "time"

// store keeps values for a while and never more than two generations of cap entries, so that what
// clients abandon cannot fill the memory. An entry is forgotten when its time is over, at the latest
// when cap newer ones have come twice; what is taken out makes room at once.
// It is not safe for concurrent use: the server's mutex guards it.
type store[K comparable, V any] struct {
	cap      int
	ttl      time.Duration
	now, old map[K]kept[V]
	turn     int64 // when now becomes old, Unix nanoseconds
}

type kept[V any] struct {
	value V
	until int64 // Unix nanoseconds
}

func newStore[K comparable, V any](size int, ttl time.Duration) *store[K, V] {
	return &store[K, V]{cap: size, ttl: ttl}
}

// put keeps value under key for the store's time.
func (s *store[K, V]) put(key K, value V, now time.Time) {
	s.putUntil(key, value, now, now.Add(s.ttl))
}

// putUntil keeps value until a time of its own, which is not past the store's.
func (s *store[K, V]) putUntil(key K, value V, now, until time.Time) {
	if n := now.UnixNano(); s.now == nil || len(s.now) >= s.cap || n >= s.turn {
		s.old, s.now = s.now, make(map[K]kept[V])
		s.turn = n + int64(s.ttl)
	}
	s.now[key] = kept[V]{value, until.UnixNano()}
}

// get returns what is kept under key, if its time is not over.
func (s *store[K, V]) get(key K, now time.Time) (V, bool) {
	k, ok := s.now[key]
	if !ok {
		k, ok = s.old[key]
	}
	if !ok || now.UnixNano() >= k.until {
		var zero V
		return zero, false
	}
	return k.value, true
}

// take is get for what works once.
func (s *store[K, V]) take(key K, now time.Time) (V, bool) {
	value, ok := s.get(key, now)
	s.drop(key)
	return value, ok
}

func (s *store[K, V]) drop(key K) {
	delete(s.now, key)
	delete(s.old, key)
}
