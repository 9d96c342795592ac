public import LowRank
public import VectorMath

/// Adam with decoupled weight decay over the matrices of an adapter.
///
/// The update is PyTorch's, every operation in its order: decay by `rate · weightDecay`, then a step of
/// `rate / (1 − β₁ᵗ) · m / (√v / √(1 − β₂ᵗ) + ε)`.
///
/// Reference: Loshchilov, Hutter: Decoupled Weight Decay Regularization, 2019, arXiv:1711.05101.
public struct AdamW: Sendable {
    /// The constants of the update.
    public struct Constants: Sendable, Equatable {
        /// What weights are decayed by, relative to the learning rate.
        public var weightDecay: Double = 0.01
        /// How slowly the first moment forgets.
        public var beta1: Double = 0.9
        /// How slowly the second moment forgets.
        public var beta2: Double = 0.999
        /// What keeps the division apart from zero.
        public var epsilon: Double = 1e-8

        /// PyTorch's defaults, but for what is given.
        public init(weightDecay: Double = 0.01) { self.weightDecay = weightDecay }
    }

    /// The constants of the update.
    public let constants: Constants
    /// The moments of each pair of the adapter, in its order.
    public private(set) var moments: [Moments]
    /// The number of steps taken.
    public private(set) var steps: Int

    /// An optimiser before its first step.
    public init(for adapter: LowRankAdapter, constants: Constants = Constants()) {
        self.init(moments: adapter.pairs.map(Moments.init(zerosLike:)), steps: 0, constants: constants)
    }

    /// An optimiser that continues where another was.
    public init(moments: [Moments], steps: Int, constants: Constants = Constants()) {
        precondition(steps >= 0, "steps are counted from 0")
        self.moments = moments
        self.steps = steps
        self.constants = constants
    }

    /// Takes one step.
    ///
    /// - Parameters:
    ///   - adapter: what is optimised, of the shapes that the optimiser was made for.
    ///   - gradients: the gradients of the loss.
    ///   - gradientScale: what the gradients are multiplied by first, see ``clippingScale(norm:limit:)``.
    public mutating func step(
        _ adapter: inout LowRankAdapter, gradients: AdapterGradients, learningRate: Double, gradientScale: Float = 1
    ) {
        precondition(adapter.names == gradients.names, "the gradients belong to another adapter")
        precondition(adapter.pairs.count == moments.count, "the optimiser belongs to another adapter")
        steps += 1
        for index in moments.indices {
            let gradient = gradients.pairs[index]
            moments[index].a.step(
                &adapter.pairs[index].a, gradient: gradient.a, learningRate: learningRate,
                gradientScale: gradientScale, steps: steps, constants: constants)
            moments[index].b.step(
                &adapter.pairs[index].b, gradient: gradient.b, learningRate: learningRate,
                gradientScale: gradientScale, steps: steps, constants: constants)
        }
    }

    /// What a gradient is multiplied by so that its norm stays within a limit, as torch's `clip_grad_norm_` computes it.
    ///
    /// - Parameters:
    ///   - norm: the Euclidean norm of all gradients together.
    ///   - limit: the longest norm that is left alone; 0 for no limit.
    public static func clippingScale(norm: Double, limit: Double) -> Float {
        guard limit > 0 else { return 1 }
        return Float(min(1, limit / (norm + 1e-6)))
    }
}

extension AdamW {
    /// The moments of one pair.
    public struct Moments: Sendable {
        /// Of A, each `[R, in]`.
        public var a: Moment
        /// Of B, each `[out, R]`.
        public var b: Moment

        /// Given moments.
        public init(a: Moment, b: Moment) {
            self.a = a
            self.b = b
        }

        init(zerosLike pair: LowRankPair) {
            self.init(a: Moment(zerosLike: pair.a), b: Moment(zerosLike: pair.b))
        }
    }

    /// The running means of a matrix's gradient and of its square.
    public struct Moment: Sendable {
        /// Of the gradient.
        public var first: Matrix<Float>
        /// Of its square.
        public var second: Matrix<Float>

        /// Given means.
        public init(first: Matrix<Float>, second: Matrix<Float>) {
            self.first = first
            self.second = second
        }

        init(zerosLike matrix: Matrix<Float>) {
            let zeros = Matrix<Float>(rows: matrix.rows, columns: matrix.columns)
            self.init(first: zeros, second: zeros)
        }

        mutating func step(
            _ parameters: inout Matrix<Float>, gradient: Matrix<Float>, learningRate: Double, gradientScale: Float,
            steps: Int, constants: Constants
        ) {
            adamWStep(
                parameters: &parameters, gradients: gradient.view, firstMoment: &first, secondMoment: &second,
                learningRate: learningRate, beta1: constants.beta1, beta2: constants.beta2,
                epsilon: constants.epsilon, weightDecay: constants.weightDecay, step: steps,
                gradientScale: gradientScale)
        }
    }
}
