/// Which texts of a batch are no negatives of an anchor, by what the data itself says.
///
/// In-batch training takes everybody else's positive for a negative. Three kinds of them are not:
/// - a duplicate of the tuple's own positive: the same text, the same but for case, Unicode form and white space, or
///   another text with the same tokens (the model cannot tell those apart);
/// - any other known positive of the anchor: some tuple of the data set, in this batch or not, has it as positive of
///   an anchor with this text;
/// - the anchor's own text.
///
/// The loss leaves them out of its sum. No tuple is dropped and no batch is rearranged, so that duplicates in the data
/// cost neither data nor time.
public struct FalseNegatives: Sendable {
    /// The class of every text: equal for texts that count as one.
    private let classes: [Int]
    /// For the class of an anchor, the classes of its positives anywhere in the data.
    private let known: [Int: Set<Int>]

    /// What `texts` and the (anchor, positive) pairs of the whole data set know; pairs are indices of `texts`.
    ///
    /// - Parameters:
    ///   - texts: all texts.
    ///   - encodings: for each text, the first text with the same tokens.
    ///   - pairs: (anchor, positive) of every tuple.
    /// - Complexity: O(length of all texts).
    public init(texts: [String], encodings: [Int], pairs: [(anchor: Int, positive: Int)]) {
        precondition(texts.count == encodings.count, "every text has an encoding")
        var sets = DisjointSets(count: texts.count)
        var firstByText: [String: Int] = [:]
        for index in texts.indices {
            sets.join(index, firstByText.remember(index, under: normalized(texts[index])))
            sets.join(index, encodings[index])
        }
        let classes = texts.indices.map { sets.representative(of: $0) }
        var known: [Int: Set<Int>] = [:]
        for pair in pairs {
            known[classes[pair.anchor], default: []].insert(classes[pair.positive])
        }
        self.classes = classes
        self.known = known
    }

    /// For each tuple of a batch, the candidates that are no negatives of it, ascending, without its own positive.
    ///
    /// - Parameters:
    ///   - anchors: the text of each tuple's anchor, `[B]`.
    ///   - candidates: the texts of all positives of the batch, in the order of the tuples, then of all hard negatives.
    public func among(anchors: [Int], candidates: [Int]) -> [[Int]] {
        precondition(candidates.count >= anchors.count, "every tuple has a positive")
        var places: [Int: [Int]] = [:]
        for (place, text) in candidates.enumerated() {
            places[classes[text], default: []].append(place)
        }
        return anchors.enumerated().map { tuple, anchor in
            let anchorClass = classes[anchor]
            var excluded = known[anchorClass] ?? []
            excluded.insert(anchorClass)
            excluded.insert(classes[candidates[tuple]])
            // Whichever is shorter is walked: a label may have thousands of positives, a batch thousands of classes.
            let found =
                excluded.count < places.count
                ? excluded.flatMap { places[$0] ?? [] }
                : places.flatMap { excluded.contains($0.key) ? $0.value : [] }
            return found.filter { $0 != tuple }.sorted()
        }
    }
}

/// A text without what does not make it another text: case, canonical Unicode form (which `String` compares by) and
/// the kind and amount of white space.
func normalized(_ text: String) -> String {
    text.lowercased().split(whereSeparator: \.isWhitespace).joined(separator: " ")
}

extension Dictionary {
    /// The value first stored under a key; stores this one where there is none.
    fileprivate mutating func remember(_ value: Value, under key: Key) -> Value {
        if let first = self[key] { return first }
        self[key] = value
        return value
    }
}

/// Union-find with path halving; the representative of a set is its lowest member.
private struct DisjointSets {
    private var parents: [Int]

    init(count: Int) { parents = Array(0..<count) }

    mutating func representative(of element: Int) -> Int {
        var element = element
        while parents[element] != element {
            parents[element] = parents[parents[element]]
            element = parents[element]
        }
        return element
    }

    mutating func join(_ first: Int, _ second: Int) {
        let a = representative(of: first)
        let b = representative(of: second)
        parents[max(a, b)] = min(a, b)
    }
}
