/// How far a commit is: asked before each piece of work.
public struct IndexProgress: Equatable, Sendable {
    public enum Step: String, Equatable, Sendable {
        /// Of a graph: vertices whose vectors went away are taken out of others' lists.
        case repairing
        /// Of a graph: new vertices get neighbours.
        case inserting
        /// Of a graph: they get them again, now that all are there.
        case refining
        /// Of partitions: centres are found, in rounds.
        case clustering
        /// Of partitions: vectors are brought to their centres.
        case assigning
        /// Of partitions: codes are made.
        case encoding
        /// What a search takes for a recall is measured, with queries that are held out.
        case calibrating
    }

    public var step: Step
    /// Vectors, rounds or queries, as the step has it.
    public var done: Int
    public var total: Int
}
