package sandbox

// maxSlips is how many slips of the finger a name may have and still be known for another.
const maxSlips = 2

// nearestFault is the fault whose name is most like a word, "" where none is near.
func nearestFault(word string) string {
	best, at := "", maxSlips+1
	for _, f := range allFaults() {
		if d := editDistance(word, f.Name); d < at && d < len(f.Name) {
			best, at = f.Name, d
		}
	}
	return best
}

// editDistance is Levenshtein's; a word too long for any name is far from all.
func editDistance(a, b string) int {
	if len(a) > maxPattern {
		return len(a)
	}
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := diagonal
			if a[i] != b[j] {
				cost = 1 + min(diagonal, row[j], row[j+1])
			}
			diagonal, row[j+1] = row[j+1], cost
		}
	}
	return row[len(b)]
}
