package vnv

import (
	"context"
	"errors"
)

// bearer asks for the application JWT and refuses one that would not fit
// into a header.
func (c *Client) bearer(ctx context.Context) (Secret, *Error) {
	if c.JWT == nil {
		return "", inputError(OpJWT, errors.New("the Client has no JWT function"))
	}
	jwt, err := c.JWT(ctx)
	if err != nil {
		return "", jwtError(ctx, err)
	}
	if !headerSafe(jwt.Reveal()) {
		return "", inputError(OpJWT, errors.New("the JWT is empty, longer than 16 KiB or holds characters that cannot stand in a header"))
	}
	return jwt, nil
}

func jwtError(ctx context.Context, err error) *Error {
	if known, ok := errors.AsType[*Error](err); ok {
		return known
	}
	fail := inputError(OpJWT, err)
	if errors.Is(ctx.Err(), context.Canceled) {
		fail.Kind = KindCanceled
	}
	return fail
}
