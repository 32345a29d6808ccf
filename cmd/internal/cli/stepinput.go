package cli

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"slices"

	"github.com/vnv-cli/vnv/pkg/flow"
	"github.com/vnv-cli/vnv/pkg/vnv"
)

// input gathers the session that the steps start from: from stdin with -, from the
// --session file, or from the command's own flags.
func (r *stepRun) input(ctx context.Context, args []string) error {
	piped := len(args) == 1
	if err := r.chooseAPI(""); err != nil {
		return err
	}
	var err error
	if r.flags.state, err = r.stateFrom(ctx, r.cmd.Flags(), r.flags.state); err != nil {
		return err
	}
	if piped && r.flags.session != "" {
		return usagef("- and --session both bring a session: use one")
	}
	if r.flags.sandbox {
		return r.sandboxInput(ctx, piped)
	}
	if err := r.flags.withoutSandbox(); err != nil {
		return err
	}
	if err := r.readSession(ctx, piped); err != nil {
		return err
	}
	if err := r.chooseAPI(r.session.API); err != nil {
		return err
	}
	if r.command.prefer != nil && !r.passesOn() {
		if err := r.command.prefer(ctx, r); err != nil {
			return err
		}
	}
	return r.fromFlags()
}

// readSession reads the session that was named, if one was.
func (r *stepRun) readSession(ctx context.Context, piped bool) error {
	switch {
	case piped:
		r.piped = true
		raw, err := r.readStdin(ctx, "session")
		if err != nil {
			return err
		}
		if r.session, err = flow.ReadSession(bytes.NewReader(raw)); err != nil {
			return documentError(err)
		}
	case r.flags.session != "":
		if err := r.openSession(); err != nil {
			return err
		}
	}
	return sessionForm(r.session)
}

// documentError keeps an earlier step's failure as it is, if it ends as failures do: whoever
// wrote the document, it never becomes an answer. All else about a session document is the
// caller's mistake.
func documentError(err error) error {
	if earlier, ok := errors.AsType[*flow.EarlierError](err); ok {
		if ofFailure(earlier.ExitCode) {
			return err
		}
		return usagef("session: an error document whose exit_code is not one of a failure (vnv help exit-codes)")
	}
	return &usageError{err: err}
}

func (r *stepRun) openSession() error {
	var err error
	if r.store, err = flow.OpenFile(r.flags.session); err != nil {
		return &usageError{err: err}
	}
	old, err := r.store.Load()
	switch {
	case errors.Is(err, fs.ErrNotExist):
		if r.afresh() {
			return nil
		}
		return usagef("session: %s does not exist: vnv enable --session makes it", r.flags.session)
	case r.afresh() && err != nil:
		return nil //nolint:nilerr // enable starts afresh, whatever stood there
	case err != nil:
		return documentError(err)
	case r.flags.sandbox && !ofSandbox(old):
		return usagef("--session and --sandbox: %s holds a flow of %s, and the sandbox would begin another in its place; name another file", printable(r.flags.session), printable(first(old.APIHost, "another API")))
	case r.afresh():
		r.session = flow.Session{State: old.State} // a state must not come twice
	default:
		r.session = old
	}
	return nil
}

// afresh tells whether the command begins a new attempt.
func (r *stepRun) afresh() bool { return slices.Contains(r.ops, vnv.OpEnable) }

// fromFlags adds phone and state, and refuses what contradicts the session.
func (r *stepRun) fromFlags() error {
	if id := r.config.text("app_id"); r.config.changed("app_id") && r.session.ApplicationID != "" && r.session.ApplicationID != id {
		return usagef("--app-id is not the application of the session")
	}
	if r.flags.phone != "" {
		phone, err := vnv.ParsePhone(r.flags.phone)
		if err != nil {
			return &usageError{err: err}
		}
		if r.session.Phone != "" && r.session.Phone != phone {
			return usagef("--phone is not the number of the session")
		}
		r.session.Phone = phone
	}
	if r.afresh() && r.session.Phone == "" && !r.flags.planning() {
		return &usageError{err: errNoPhone}
	}
	if r.flags.state == "" || r.afresh() {
		return nil
	}
	if r.session.State != "" && r.session.State.Reveal() != r.flags.state {
		return usagef("--state is not the state of the session")
	}
	r.session.State = vnv.Secret(r.flags.state)
	return nil
}
