internal import Files

/// What a collection writes into its index's file: which space it is of, and which state of the store.
struct DerivedTag: Equatable, Sendable {
    var revision: CollectionRevision
    /// How many vectors there were when a graph of them was measured not to reach the recall that the collection asks for, so that
    /// they are searched exactly.
    var fellShortAt: Int?

    private static let mark = "attune-collection"

    init(revision: CollectionRevision, fellShortAt: Int? = nil) {
        self.revision = revision
        self.fellShortAt = fellShortAt
    }

    /// Nil where the bytes are of another space, or no tag.
    init?(_ bytes: [UInt8], of identity: CollectionIdentity) {
        let parts = String(decoding: bytes, as: UTF8.self).split(separator: " ", omittingEmptySubsequences: false)
        guard parts.count == 4 || parts.count == 5, parts[0] == Self.mark, parts[1] == identity.space.digest,
            let generation = Int(parts[2])
        else { return nil }
        revision = CollectionRevision(generation: generation, word: String(parts[3]))
        guard parts.count == 5 else { return }
        guard let count = Int(parts[4]) else { return nil }
        fellShortAt = count
    }

    func bytes(of identity: CollectionIdentity) -> [UInt8] {
        let text = "\(Self.mark) \(identity.space.digest) \(revision.generation) \(revision.word)"
        return Array((text + (fellShortAt.map { " \($0)" } ?? "")).utf8)
    }
}
