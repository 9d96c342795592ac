public import VectorIndex

/// How far the making of a collection is.
public struct CollectionProgress: Equatable, Sendable {
    public enum Step: Equatable, Sendable {
        /// Passages become vectors.
        case embedding
        /// The index is made of them.
        case indexing(IndexProgress.Step)
    }

    public var step: Step
    /// Passages, or what the index's step counts.
    public var done: Int
    public var total: Int
}

/// Is told how far a collection is, from any thread.
public typealias CollectionReport = @Sendable (CollectionProgress) -> Void
