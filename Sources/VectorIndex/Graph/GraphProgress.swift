/// How far a commit is: asked after each piece of work.
public struct GraphProgress: Equatable, Sendable {
    public enum Step: String, Equatable, Sendable {
        /// Vertices whose vectors went away are taken out of others' lists.
        case repairing
        /// New vertices get neighbours.
        case inserting
        /// They get them again, now that all are there.
        case refining
        /// Beams are measured.
        case calibrating
    }

    public var step: Step
    public var done: Int
    public var total: Int
}
