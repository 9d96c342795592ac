internal import VectorIndex

/// How far the making of a collection is.
public struct CollectionProgress: Equatable, Sendable {
    public enum Step: String, Equatable, Sendable {
        /// Passages become vectors.
        case embedding
        /// Vectors are tied to their neighbours in a graph, and once more when all of them are there.
        case inserting, refining
        /// Centres are found, in rounds; vectors are brought to them, and coded.
        case clustering, assigning, encoding
        /// What a search takes for a recall is measured with queries held out.
        case calibrating
    }

    public var step: Step
    /// Passages, rounds or queries, as the step has it.
    public var done: Int
    public var total: Int

    init(_ step: Step, _ done: Int, of total: Int) {
        (self.step, self.done, self.total) = (step, done, total)
    }

    /// Nil for what only a change of a graph does.
    init?(_ progress: GraphProgress) {
        switch progress.step {
        case .repairing: return nil
        case .inserting: self.init(.inserting, progress.done, of: progress.total)
        case .refining: self.init(.refining, progress.done, of: progress.total)
        case .calibrating: self.init(.calibrating, progress.done, of: progress.total)
        }
    }

    init(_ progress: PartitionProgress) {
        let step: Step =
            switch progress.step {
            case .clustering: .clustering
            case .assigning: .assigning
            case .encoding: .encoding
            case .calibrating: .calibrating
            }
        self.init(step, progress.done, of: progress.total)
    }
}

/// Is told how far a collection is, from any thread.
public typealias CollectionReport = @Sendable (CollectionProgress) -> Void
