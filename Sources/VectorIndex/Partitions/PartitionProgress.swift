/// How far a commit is: asked after each piece of work.
public struct PartitionProgress: Equatable, Sendable {
    public enum Step: String, Equatable, Sendable {
        /// Centres are found.
        case clustering
        /// Vectors are brought to their centres.
        case assigning
        /// Codes are made.
        case encoding
        /// Numbers of probes are measured.
        case calibrating
    }

    public var step: Step
    public var done: Int
    public var total: Int
}
