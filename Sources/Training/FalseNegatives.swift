/// What can be left out of a loss although it is in the batch.
public enum FalseNegativeMask: String, Sendable, Codable, CaseIterable {
    /// Duplicates of the tuple's own positive, and its own anchor.
    case duplicates
    /// Known positives of the anchor other than the tuple's own.
    case positives
    /// What the model as it was before training finds nearer than the tuple's own positive.
    case guide
}

/// Which texts of a batch are no negatives of an anchor, by what the data itself says.
///
/// In-batch training takes everybody else's positive for a negative. Three kinds of them are not:
/// - a duplicate of the tuple's own positive: the same text, the same but for case, Unicode form, white space and the marks
///   that end a sentence, or another text with the same tokens (the model cannot tell those apart);
/// - any other known positive of the anchor: some tuple of the data set, in this batch or not, has it as positive of
///   an anchor with this text, or it is a positive of the same group;
/// - the anchor's own text.
///
/// The loss leaves them out of its sum. No tuple is dropped and no batch is rearranged, so that duplicates in the data
/// cost neither data nor time.
public struct FalseNegatives: Sendable {
    /// The class of every text: equal for texts that count as one.
    private let classes: [Int]
    /// For the class of an anchor, the classes of its positives anywhere in the data.
    private let known: [Int: Set<Int>]
    private let masks: Set<FalseNegativeMask>

    /// What `texts` and the (anchor, positive) pairs of the whole data set know; pairs are indices of `texts`.
    ///
    /// - Parameters:
    ///   - texts: all texts.
    ///   - encodings: for each text, the first text with the same tokens.
    ///   - pairs: (anchor, positive) of every tuple.
    ///   - masks: which kinds are left out; the guide's are not found here.
    /// - Complexity: O(length of all texts).
    public init(
        texts: [String], encodings: [Int], pairs: [(anchor: Int, positive: Int)],
        masks: Set<FalseNegativeMask> = [.duplicates, .positives]
    ) {
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
        self.masks = masks
    }

    /// For each tuple of a batch, the candidates that are no negatives of it, ascending, without its own positive.
    ///
    /// - Parameters:
    ///   - anchors: the text of each tuple's anchor, `[B]`.
    ///   - candidates: the texts of all positives of the batch, in the order of the tuples, then of all hard negatives.
    ///   - groups: what each tuple is about, `[B]`, nil where that is unknown; empty where it is for all.
    public func among(anchors: [Int], candidates: [Int], groups: [Int?] = []) -> [[Int]] {
        precondition(candidates.count >= anchors.count, "every tuple has a positive")
        precondition(groups.isEmpty || groups.count == anchors.count, "every tuple has a group or nil")
        var places: [Int: [Int]] = [:]
        for (place, text) in candidates.enumerated() {
            places[classes[text], default: []].append(place)
        }
        var members: [Int: [Int]] = [:]
        if masks.contains(.positives) {
            for (tuple, group) in groups.enumerated() { if let group { members[group, default: []].append(tuple) } }
        }
        return anchors.enumerated().map { tuple, anchor in
            var found = places.values(of: excluded(anchor: anchor, positive: candidates[tuple]))
            if !members.isEmpty, let group = groups[tuple] { found = Array(Set(found).union(members[group] ?? [])) }
            return found.filter { $0 != tuple }.sorted()
        }
    }

    /// The false negatives of several directions.
    ///
    /// All follow from what is no negative of an anchor: if a document answers an anchor, the anchor is no negative of
    /// the document; the anchors of documents that answer each other's anchors ask the same, and the documents say it.
    public func lists(
        anchors: [Int], candidates: [Int], groups: [Int?] = [], directions: Set<ContrastDirection>
    ) -> FalseNegativeLists {
        var lists = FalseNegativeLists()
        guard masks.contains(.duplicates) || masks.contains(.positives) else { return lists }
        let documents = among(anchors: anchors, candidates: candidates, groups: groups)
        if directions.contains(.queryToDocument) { lists[.queryToDocument] = documents }
        guard directions.contains(where: { $0 != .queryToDocument }) else { return lists }
        let tuples = 0..<anchors.count
        var askers: [[Int]] = Array(repeating: [], count: anchors.count)
        for (tuple, found) in documents.enumerated() {
            for place in found where tuples.contains(place) { askers[place].append(tuple) }
        }
        if directions.contains(.documentToQuery) { lists[.documentToQuery] = askers }
        if directions.contains(.documentToDocument) {
            lists[.documentToDocument] = zip(documents, askers).map { $1.isEmpty ? $0 : Set($0).union($1).sorted() }
        }
        if directions.contains(.queryToQuery) {
            var places: [Int: [Int]] = [:]
            for (tuple, anchor) in anchors.enumerated() { places[classes[anchor], default: []].append(tuple) }
            lists[.queryToQuery] = tuples.map { tuple in
                let equals = places.values(of: excluded(anchor: anchors[tuple], positive: candidates[tuple]))
                return Set(equals).union(askers[tuple]).union(documents[tuple].filter(tuples.contains))
                    .subtracting([tuple]).sorted()
            }
        }
        return lists
    }

    /// The classes of texts that are no negatives of an anchor.
    private func excluded(anchor: Int, positive: Int) -> Set<Int> {
        let (anchor, positive) = (classes[anchor], classes[positive])
        var excluded = masks.contains(.positives) ? known[anchor] ?? [] : []
        if masks.contains(.duplicates) {
            excluded.insert(anchor)
            excluded.insert(positive)
        } else {
            excluded.remove(anchor)
            excluded.remove(positive)
        }
        return excluded
    }
}

/// A text without what does not make it another text: case, canonical Unicode form (which `String` compares by), the kind
/// and amount of white space, and marks that end a sentence directly behind its last word. (A full stop on its own may be
/// a folder.)
func normalized(_ text: String) -> String {
    let plain = text.lowercased().split(whereSeparator: \.isWhitespace).joined(separator: " ")
    guard let end = plain.lastIndex(where: { !".!?…。！？,;:".contains($0) }), plain[end] != " " else { return plain }
    return String(plain[...end])
}

extension Dictionary {
    /// The value first stored under a key; stores this one where there is none.
    fileprivate mutating func remember(_ value: Value, under key: Key) -> Value {
        if let first = self[key] { return first }
        self[key] = value
        return value
    }
}

extension [Int: [Int]] {
    /// All values of some keys. Whichever is shorter is walked: a label may have thousands of positives, a batch thousands
    /// of classes.
    fileprivate func values(of keys: Set<Int>) -> [Int] {
        keys.count < count ? keys.flatMap { self[$0] ?? [] } : flatMap { keys.contains($0.key) ? $0.value : [] }
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
