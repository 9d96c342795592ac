/// What a tuple's parts are compared with in a batch. Queries are the anchors, documents the positives and negatives.
public enum ContrastDirection: String, Sendable, Codable, CaseIterable {
    /// Each anchor with all documents.
    case queryToDocument = "query-to-doc"
    /// Each positive with all anchors.
    case documentToQuery = "doc-to-query"
    /// Each anchor with the other anchors.
    case queryToQuery = "query-to-query"
    /// Each positive with the documents of the other tuples.
    case documentToDocument = "doc-to-doc"

    /// Whether the places of this direction's lists are anchors; else they are candidates.
    var isToQueries: Bool { self == .documentToQuery || self == .queryToQuery }
}

/// For each direction and tuple, what is in the batch and no negative of the tuple all the same.
///
/// Places are tuples where the direction goes to queries, else candidates; ascending, without the tuple's own anchor and
/// positive. A direction without lists has no false negatives.
public struct FalseNegativeLists: Sendable, Equatable {
    private var lists: [ContrastDirection: [[Int]]] = [:]

    /// No false negatives.
    public init() {}

    /// The lists of a direction, `[B][any]`; empty where there are none.
    public subscript(direction: ContrastDirection) -> [[Int]] {
        get { lists[direction] ?? [] }
        set { lists[direction] = newValue }
    }

    /// The number of false negatives of all tuples, in all directions together.
    var count: Int { lists.values.reduce(0) { $0 + $1.reduce(0) { $0 + $1.count } } }

    /// Takes further false negatives in.
    public mutating func formUnion(_ other: FalseNegativeLists) {
        for (direction, found) in other.lists {
            guard let own = lists[direction] else {
                lists[direction] = found
                continue
            }
            lists[direction] = zip(own, found).map { own, found in
                found.isEmpty ? own : own.isEmpty ? found : Set(own).union(found).sorted()
            }
        }
    }

    func check(tuples: Int, candidates: Int) {
        for (direction, lists) in lists {
            let places = 0..<(direction.isToQueries ? tuples : candidates)
            precondition(lists.count == tuples, "every tuple has a list of false negatives")
            precondition(
                lists.enumerated().allSatisfy { tuple, list in
                    list.allSatisfy { places.contains($0) && $0 != tuple }
                }, "a false negative is not in the batch, or it is the tuple's own")
        }
    }
}
