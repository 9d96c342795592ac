import Corpora
import Testing

@testable import Training

@Suite("False negatives")
struct FalseNegativesTests {
    /// No two texts have the same tokens.
    private func distinct(_ count: Int) -> [Int] { Array(0..<count) }

    @Test("leaves other tuples' positives in the sum when nothing is known of them")
    func leavesOthersAlone() {
        let known = FalseNegatives(
            texts: ["q1", "q2", "p1", "p2"], encodings: distinct(4),
            pairs: [(anchor: 0, positive: 2), (anchor: 1, positive: 3)])
        #expect(known.among(anchors: [0, 1], candidates: [2, 3]) == [[], []])
    }

    @Test(
        "finds duplicates of the tuple's positive, exact or but for case, white space and Unicode form",
        arguments: [("Café noir", "Café noir"), ("café NOIR", "Café noir"), ("Cafe\u{301} \t noir ", "Café noir")])
    func findsDuplicates(copy: String, original: String) {
        let texts = copy == original ? ["q1", "q2", original] : ["q1", "q2", original, copy]
        let copyIndex = texts.count - 1
        let known = FalseNegatives(
            texts: texts, encodings: distinct(texts.count),
            pairs: [(anchor: 0, positive: 2), (anchor: 1, positive: copyIndex)])
        #expect(known.among(anchors: [0, 1], candidates: [2, copyIndex]) == [[1], [0]])
        #expect(known.among(anchors: [0, 1], candidates: [2, copyIndex, 2]) == [[1, 2], [0, 2]])
    }

    @Test("takes texts with the same tokens for one text")
    func sameTokens() {
        let known = FalseNegatives(
            texts: ["q1", "q2", "p one", "p two"], encodings: [0, 1, 2, 2],
            pairs: [(anchor: 0, positive: 2), (anchor: 1, positive: 3)])
        #expect(known.among(anchors: [0, 1], candidates: [2, 3]) == [[1], [0]])
    }

    @Test("joins likeness of text and of tokens")
    func joinsLikenesses() {
        // "A b" and "a  b" are one text; "a  b" and "x" have the same tokens.
        let known = FalseNegatives(
            texts: ["q1", "q2", "A b", "a  b", "x"], encodings: [0, 1, 2, 3, 3],
            pairs: [(anchor: 0, positive: 2), (anchor: 1, positive: 4)])
        #expect(known.among(anchors: [0, 1], candidates: [2, 4]) == [[1], [0]])
    }

    @Test("finds every known positive of the anchor, also from tuples outside the batch")
    func findsKnownPositives() {
        // q1 has the positives p1 and p2; the batch pairs it with p1, and q2 with p2.
        let known = FalseNegatives(
            texts: ["q1", "q2", "p1", "p2", "p3"], encodings: distinct(5),
            pairs: [
                (anchor: 0, positive: 2), (anchor: 0, positive: 3), (anchor: 1, positive: 3), (anchor: 1, positive: 4),
            ])
        #expect(known.among(anchors: [0, 1], candidates: [2, 3]) == [[1], []])
        // As a mined negative, too.
        #expect(known.among(anchors: [0, 1], candidates: [2, 3, 3, 4]) == [[1, 2], [2, 3]])
    }

    @Test("never takes a text for its own negative")
    func ownText() {
        // As in sets of questions that ask the same: the second tuple's positive is the first one's anchor.
        let known = FalseNegatives(
            texts: ["a", "b", "c"], encodings: distinct(3), pairs: [(anchor: 0, positive: 1), (anchor: 2, positive: 0)])
        #expect(known.among(anchors: [0, 2], candidates: [1, 0]) == [[1], []])
    }

    @Test("agrees with a comparison of every pair of texts")
    func agreesWithBruteForce() {
        // Few words, so that everything collides; more known positives than candidates, and the other way round.
        let words = ["a", "A", "b", " b", "c", "d"]
        var pairs: [(anchor: Int, positive: Int)] = []
        for i in 0..<words.count { pairs.append((anchor: i, positive: (i * 3 + 1) % words.count)) }
        let known = FalseNegatives(texts: words, encodings: distinct(words.count), pairs: pairs)
        func same(_ x: Int, _ y: Int) -> Bool {
            words[x].lowercased().filter { $0 != " " } == words[y].lowercased().filter { $0 != " " }
        }
        let anchors = pairs.map(\.anchor)
        let candidates = pairs.map(\.positive) + [0, 2, 5, 5]
        let expected = anchors.indices.map { tuple in
            candidates.indices.filter { place in
                guard place != tuple else { return false }
                let text = candidates[place]
                return same(text, anchors[tuple]) || same(text, candidates[tuple])
                    || pairs.contains { same($0.anchor, anchors[tuple]) && same($0.positive, text) }
            }
        }
        #expect(known.among(anchors: anchors, candidates: candidates) == expected)
    }
}
