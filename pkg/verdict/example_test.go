package verdict_test

import (
	"fmt"

	"github.com/vnv-cli/vnv/pkg/verdict"
	"github.com/vnv-cli/vnv/pkg/vnv"
)

func ExampleJudge() {
	failed := &vnv.Error{Op: vnv.OpVerify, Kind: vnv.KindRefused, Status: 403, Code: "NUMBER_VERIFICATION.USER_NOT_AUTHENTICATED_BY_MOBILE_NETWORK"}
	causes := verdict.Judge(verdict.Observation{Err: failed, RequiresCarrier: true})
	fmt.Println(causes[0].Cause, "is", causes[0].Confidence)
	for _, e := range causes[0].Evidence {
		fmt.Println("-", e.Text)
	}
	// Output:
	// wifi-not-carrier is certain
	// - verify answered 403 NUMBER_VERIFICATION.USER_NOT_AUTHENTICATED_BY_MOBILE_NETWORK
	// - requires_carrier_network is true
}

func ExampleExplain() {
	x, _ := verdict.Explain(`{"error":"invalid_grant","error_description":"Authorization code expired"}`)
	fmt.Println(x.What)
	fmt.Println(x.Name+":", x.Title)
	// Output:
	// an OAuth error
	// code-expired: the code has expired
}

func ExampleMismatch() {
	fmt.Println(verdict.Mismatch("https://app.example/callback/", "https://app.example/callback"))
	// Output: the registered one ends with a slash, ours does not
}
