public import VectorMath

/// Draws an anchor to its positive and away from everybody else's: in-batch softmax cross-entropy over cosines.
///
/// For anchors `aᵢ` and candidates `cⱼ` (all positives of the batch, then all hard negatives) the loss is
///
///     L = −1/B · Σᵢ log( exp(s·cos(aᵢ, cᵢ)) / Σⱼ exp(s·cos(aᵢ, cⱼ)) )
///
/// where the sum over `j` leaves out the false negatives of tuple `i`. Also known as InfoNCE, NT-Xent with in-batch
/// negatives, or in-batch softmax loss.
///
/// ## What it learns
/// To rank, for every anchor, its own positive before all other documents of the batch. The more tuples a batch has,
/// the harder that is and the better the model becomes; batches of at least 32 are usual.
///
/// ## Args
/// - `scale`: what cosines are multiplied by before the softmax, the inverse of a temperature. 20 is a temperature of 0.05.
/// - `directions`: what is compared. Anchors with documents always; positives with anchors, anchors with one another and
///   positives with the documents of other tuples make more negatives of the same texts.
/// - `partition`: one softmax over all directions, or one for each, whose losses are averaged. The latter is for the two
///   directions that hold the pair itself: anchors with documents and positives with anchors.
/// - `hardness`: negatives that are near weigh more: `strength · cos` is added to their scores, without a derivative.
///
/// ## References
/// - van den Oord, Li, Vinyals: Representation Learning with Contrastive Predictive Coding, 2018, arXiv:1807.03748 (the
///   loss, as InfoNCE).
/// - Günther et al.: Jina Embeddings 2, 2023, arXiv:2310.19923 (both directions, a softmax each).
/// - Li et al.: Towards General Text Embeddings with Multi-stage Contrastive Learning, 2023, arXiv:2308.03281 (all four
///   directions in one softmax).
/// - Lan et al.: LLaVE, 2025, arXiv:2503.04812, equation 5 (hardness of in-batch negatives, strength 9); Schechter Vera
///   et al.: EmbeddingGemma, 2025, arXiv:2509.20354 (hardness of hard negatives, strength 5).
/// - Henderson et al.: Efficient Natural Language Response Suggestion for Smart Reply, 2017, arXiv:1705.00652, section
///   4.4 (the other positives of a batch as negatives).
///
/// ## Requirements
/// 1. Tuples (anchor, positive) or (anchor, positive, negative, …). At least two in a batch, or hard negatives:
///    a lone pair has no negatives, its loss is 0.
/// 2. Another tuple's positive should not be an answer to this tuple's anchor. Where the data set knows that it is one,
///    or where the texts are the same, it is left out of the sum (``FalseNegatives``): no tuple is dropped for it.
///
/// ## Inputs
/// | texts | labels |
/// | --- | --- |
/// | (anchor, positive) pairs | none |
/// | (anchor, positive, negative) triplets | none |
/// | (anchor, positive, negative_1, …, negative_n) tuples, n may differ from tuple to tuple | none |
///
/// ## Recommendations
/// - A larger batch before a larger learning rate; the memory that activations take is bounded by the trainer's
///   memory budget and not by the size of the batch.
/// - Hard negatives that were mined by a retrieval model make the task harder and the model better, as long as few of
///   them are answers after all.
///
/// - With pairs alone, or one negative each, all four directions in one softmax make more of a small batch; with many
///   hard negatives, anchors with documents is enough.
///
/// ## Relations
/// - With a gradient cache (Gao et al. 2021, arXiv:2101.06983), which the trainer uses of itself where the activations
///   of a batch do not fit in its memory budget, this is sentence-transformers' `CachedMultipleNegativesRankingLoss`;
///   the gradients are the same to the bit.
/// - ``GISTEmbedLoss`` is this one over three directions at a higher scale, and leaves out what a guide finds too near.
///
/// ## Example
/// ```swift
/// let loss = MultipleNegativesRankingLoss(scale: 20)
/// let value = loss.evaluate(EmbeddingBatch(embeddings: embeddings.view, anchors: [0, 1], positives: [2, 3]))
/// ```
public struct MultipleNegativesRankingLoss: TupleLoss {
    /// How the directions share their softmax.
    public enum Partition: String, Sendable, Codable, CaseIterable {
        /// One softmax over all of them.
        case joint
        /// One each; the loss is the mean over the directions.
        case perDirection = "per-direction"
    }

    /// Which negatives weigh more the nearer they are, and by how much.
    public struct Hardness: Sendable, Equatable {
        /// Which negatives.
        public enum Mode: String, Sendable, Codable, CaseIterable {
            /// The documents of the other tuples.
            case inBatchNegatives = "in-batch-negatives"
            /// The tuple's own hard negatives.
            case hardNegatives = "hard-negatives"
            /// Both.
            case allNegatives = "all-negatives"
        }

        /// Which negatives.
        public let mode: Mode
        /// What their cosines are multiplied by to be added to their scores; 0 or more.
        public let strength: Float

        /// Negatives of this kind by this much.
        public init(_ mode: Mode, strength: Float) {
            precondition(strength >= 0 && strength.isFinite, "a hardness has a finite strength of 0 or more")
            self.mode = mode
            self.strength = strength
        }
    }

    /// What cosines are multiplied by before the softmax.
    public let scale: Float
    /// What is compared, without repetition and in the order of ``ContrastDirection``.
    public let directions: [ContrastDirection]
    /// How the directions share their softmax.
    public let partition: Partition
    /// Which negatives weigh more the nearer they are; nil for none.
    public let hardness: Hardness?

    public let name: String

    public var needs: LossNeeds { .tuples(Set(directions)) }

    /// The loss with a scale, which must be positive.
    ///
    /// - Parameters:
    ///   - directions: must hold `queryToDocument`, and no other than that and `documentToQuery` where there is a softmax
    ///     for each.
    ///   - name: `mnrl`, or `cached-mnrl`: what the record shall call it.
    public init(
        scale: Float = 20, directions: Set<ContrastDirection> = [.queryToDocument], partition: Partition = .joint,
        hardness: Hardness? = nil, name: String = "mnrl"
    ) {
        precondition(scale > 0 && scale.isFinite, "the scale of a softmax is positive")
        precondition(directions.contains(.queryToDocument), "the pair itself is of a query and a document")
        precondition(
            partition == .joint || directions.isDisjoint(with: [.queryToQuery, .documentToDocument]),
            "a softmax of its own needs a direction that holds the pair")
        self.scale = scale
        self.directions = ContrastDirection.allCases.filter(directions.contains)
        self.partition = partition
        self.hardness = hardness
        self.name = name
    }

    /// The loss of a batch and its gradients. Four matrix products a direction: O(B · candidates · D).
    public func evaluate(_ rows: TupleRows, of embeddings: MatrixView<Float>) -> LossValue {
        InBatchSoftmax(scale: scale, directions: directions, partition: partition, hardness: hardness)
            .evaluate(rows, of: embeddings)
    }
}
