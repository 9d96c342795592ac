public import VectorMath

/// What a loss says about a batch.
public struct LossValue: Sendable {
    /// The loss: a mean over the rows of the batch, or what its definition says.
    public let loss: Double
    /// Its derivative by every entry of the embeddings, `[U, D]`: what all parts that a text plays add up to.
    public let gradients: Matrix<Float>
    /// Its derivative by each of the loss's own weights, in their order; see ``TrainableLoss``.
    public let weightGradients: [Matrix<Float>]

    /// A loss and its gradients.
    public init(loss: Double, gradients: Matrix<Float>, weightGradients: [Matrix<Float>] = []) {
        self.loss = loss
        self.gradients = gradients
        self.weightGradients = weightGradients
    }
}

/// A loss over the embeddings of a batch.
///
/// A loss knows nothing of encoders and texts: the trainer embeds each distinct text of a batch once, asks the loss for
/// the gradients of the embeddings, and carries them back through the encoder. The same input must give the same bits,
/// whatever the number of threads.
///
/// A loss conforms to the protocol of the rows that it learns from: ``TupleLoss``, ``ScoredTupleLoss``,
/// ``ScoredPairLoss``, ``ClassifiedPairLoss``, ``LabelledTextLoss`` or ``TaughtTextLoss``.
public protocol EmbeddingLoss: Sendable {
    /// The name that the command line and the run's record use, such as `mnrl`.
    var name: String { get }

    /// The rows that the loss learns from.
    var needs: LossNeeds { get }

    /// The loss of a batch of the rows that it needs, and its exact gradients. Entries that are not finite may come out
    /// as a loss or gradients that are not finite; they must not trap.
    func evaluate(_ batch: EmbeddingBatch) -> LossValue
}

/// A loss with weights of its own, which are trained along and are of no use after training.
public protocol TrainableLoss: EmbeddingLoss {
    /// The weights; those of a new loss are what training begins with.
    var weights: [Matrix<Float>] { get set }
}

/// The rows that a loss learns from.
public enum LossNeeds: Sendable, Equatable {
    /// Tuples, with the false negatives of these directions.
    case tuples(Set<ContrastDirection>)
    /// Tuples, at least one of them with a hard negative.
    case triplets
    /// Tuples with hard negatives and a teacher's score for the positive and for each of them.
    case scoredTuples
    /// Pairs of texts with a score.
    case scoredPairs(ScoreMeaning)
    /// Pairs of texts of one of several classes.
    case classifiedPairs
    /// Texts with labels, several texts a label.
    case labelledTexts
    /// Texts with a teacher's vectors.
    case taughtTexts
}

/// What a loss takes the score of a pair for.
public enum ScoreMeaning: Sendable, Equatable {
    /// Only which of two scores is higher matters.
    case order
    /// The cosine that the pair shall have, from −1 to 1.
    case cosine
    /// How much the texts belong together, from 0 to 1.
    case degree
    /// 1: they belong together; 0: they do not.
    case binary
}

// MARK: A protocol for each kind of row

/// A loss over tuples of an anchor, a positive and hard negatives.
public protocol TupleLoss: EmbeddingLoss {
    /// The loss of a batch and its exact gradients. `embeddings` are `[U, D]`.
    func evaluate(_ rows: TupleRows, of embeddings: MatrixView<Float>) -> LossValue
}

/// A loss over tuples with a teacher's scores.
public protocol ScoredTupleLoss: EmbeddingLoss {
    /// The loss of a batch and its exact gradients. `embeddings` are `[U, D]`.
    func evaluate(_ rows: ScoredTupleRows, of embeddings: MatrixView<Float>) -> LossValue
}

/// A loss over pairs with scores.
public protocol ScoredPairLoss: EmbeddingLoss {
    /// The loss of a batch and its exact gradients. `embeddings` are `[U, D]`.
    func evaluate(_ rows: ScoredPairRows, of embeddings: MatrixView<Float>) -> LossValue
}

/// A loss over pairs with classes.
public protocol ClassifiedPairLoss: EmbeddingLoss {
    /// The loss of a batch and its exact gradients. `embeddings` are `[U, D]`.
    func evaluate(_ rows: ClassifiedPairRows, of embeddings: MatrixView<Float>) -> LossValue
}

/// A loss over texts with labels.
public protocol LabelledTextLoss: EmbeddingLoss {
    /// The loss of a batch and its exact gradients. `embeddings` are `[U, D]`.
    func evaluate(_ rows: LabelledRows, of embeddings: MatrixView<Float>) -> LossValue
}

/// A loss over texts with a teacher's vectors.
public protocol TaughtTextLoss: EmbeddingLoss {
    /// The loss of a batch and its exact gradients. `embeddings` are `[U, D]`.
    func evaluate(_ rows: TaughtRows, of embeddings: MatrixView<Float>) -> LossValue
}

extension TupleLoss {
    /// The loss of a batch of tuples.
    public func evaluate(_ batch: EmbeddingBatch) -> LossValue {
        guard case .tuples(let rows) = batch.rows else { wrongRows(batch) }
        return evaluate(rows, of: batch.embeddings)
    }
}

extension ScoredTupleLoss {
    /// The rows that the loss learns from.
    public var needs: LossNeeds { .scoredTuples }

    /// The loss of a batch of tuples with scores.
    public func evaluate(_ batch: EmbeddingBatch) -> LossValue {
        guard case .scoredTuples(let rows) = batch.rows else { wrongRows(batch) }
        return evaluate(rows, of: batch.embeddings)
    }
}

extension ScoredPairLoss {
    /// The loss of a batch of scored pairs.
    public func evaluate(_ batch: EmbeddingBatch) -> LossValue {
        guard case .scoredPairs(let rows) = batch.rows else { wrongRows(batch) }
        return evaluate(rows, of: batch.embeddings)
    }
}

extension ClassifiedPairLoss {
    /// The rows that the loss learns from.
    public var needs: LossNeeds { .classifiedPairs }

    /// The loss of a batch of pairs with classes.
    public func evaluate(_ batch: EmbeddingBatch) -> LossValue {
        guard case .classifiedPairs(let rows) = batch.rows else { wrongRows(batch) }
        return evaluate(rows, of: batch.embeddings)
    }
}

extension LabelledTextLoss {
    /// The rows that the loss learns from.
    public var needs: LossNeeds { .labelledTexts }

    /// The loss of a batch of labelled texts.
    public func evaluate(_ batch: EmbeddingBatch) -> LossValue {
        guard case .labelledTexts(let rows) = batch.rows else { wrongRows(batch) }
        return evaluate(rows, of: batch.embeddings)
    }
}

extension TaughtTextLoss {
    /// The rows that the loss learns from.
    public var needs: LossNeeds { .taughtTexts }

    /// The loss of a batch of texts with a teacher's vectors.
    public func evaluate(_ batch: EmbeddingBatch) -> LossValue {
        guard case .taughtTexts(let rows) = batch.rows else { wrongRows(batch) }
        return evaluate(rows, of: batch.embeddings)
    }
}

extension EmbeddingLoss {
    /// The trainer gives every loss the rows that it needs.
    fileprivate func wrongRows(_ batch: EmbeddingBatch) -> Never {
        preconditionFailure("\(name) does not learn from \(batch.rows.words)")
    }
}
