public import VectorMath

/// The embeddings of one batch of training tuples, each distinct text once, and which text plays which part.
///
/// Letters: B tuples, U distinct texts, D width. The *candidates* of a batch are its positives, in the order of the
/// tuples, and after them all hard negatives, tuple by tuple: candidate `i < B` is the positive of tuple `i`.
public struct EmbeddingBatch: Sendable {
    /// One row a distinct text, `[U, D]`. Rows may have any length: a loss that needs unit vectors normalises them.
    public let embeddings: MatrixView<Float>
    /// The row of each tuple's anchor, `[B]`.
    public let anchors: [Int]
    /// The row of each tuple's positive, `[B]`.
    public let positives: [Int]
    /// The rows of each tuple's hard negatives, `[B][any]`.
    public let negatives: [[Int]]
    /// For each tuple the candidates that are no negatives of its anchor although they are in the batch, `[B][any]`,
    /// ascending, without its own positive. See ``FalseNegatives``.
    public let falseNegatives: [[Int]]

    /// A batch; the counts must agree, every row must exist, and every false negative must be a candidate other than
    /// the tuple's own positive.
    public init(
        embeddings: MatrixView<Float>, anchors: [Int], positives: [Int], negatives: [[Int]]? = nil,
        falseNegatives: [[Int]]? = nil
    ) {
        let negatives = negatives ?? Array(repeating: [], count: anchors.count)
        let falseNegatives = falseNegatives ?? Array(repeating: [], count: anchors.count)
        precondition(positives.count == anchors.count, "every tuple has one positive")
        precondition(negatives.count == anchors.count, "every tuple has a list of negatives")
        precondition(falseNegatives.count == anchors.count, "every tuple has a list of false negatives")
        let rows = 0..<embeddings.rows
        precondition(anchors.allSatisfy(rows.contains), "an anchor's row is outside the embeddings")
        precondition(positives.allSatisfy(rows.contains), "a positive's row is outside the embeddings")
        precondition(
            negatives.allSatisfy { $0.allSatisfy(rows.contains) }, "a negative's row is outside the embeddings")
        let candidates = 0..<(positives.count + negatives.reduce(0) { $0 + $1.count })
        precondition(
            falseNegatives.enumerated().allSatisfy { tuple, list in
                list.allSatisfy { candidates.contains($0) && $0 != tuple }
            }, "a false negative is no candidate, or it is the tuple's own positive")
        self.embeddings = embeddings
        self.anchors = anchors
        self.positives = positives
        self.negatives = negatives
        self.falseNegatives = falseNegatives
    }

    /// The row of every candidate: the positives, then all hard negatives.
    public var candidates: [Int] { positives + negatives.flatMap(\.self) }
}

/// What a loss says about a batch.
public struct LossValue: Sendable {
    /// The loss, a mean over the tuples of the batch.
    public let loss: Double
    /// Its derivative by every entry of the embeddings, `[U, D]`: what all parts that a text plays add up to.
    public let gradients: Matrix<Float>

    /// A loss and its gradients.
    public init(loss: Double, gradients: Matrix<Float>) {
        self.loss = loss
        self.gradients = gradients
    }
}

/// A loss over the embeddings of a batch.
///
/// A loss knows nothing of encoders and texts: the trainer embeds each distinct text of a batch once, asks the loss for
/// the gradients of the embeddings, and carries them back through the encoder. The same input must give the same bits,
/// whatever the number of threads.
public protocol EmbeddingLoss: Sendable {
    /// The name that the command line and the run's record use, such as `mnrl`.
    var name: String { get }

    /// The loss of a batch and its exact gradients. Entries that are not finite may come out as a loss or gradients
    /// that are not finite; they must not trap.
    func evaluate(_ batch: EmbeddingBatch) -> LossValue
}
