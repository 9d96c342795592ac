internal import Encoders
internal import LowRank
internal import VectorMath

/// What a run trains: an adapter, or weights of the model itself.
enum Trained: Sendable {
    case adapter(LowRankAdapter)
    case weights(TrainableWeights)

    /// The names of the matrices, in the order of ``matrices``.
    var names: [String] {
        switch self {
        case .adapter(let adapter):
            zip(adapter.names, adapter.pairs).flatMap { name, pair in pair.matrixNames.map { name + "." + $0 } }
                + adapter.biases.keys.sorted()
        case .weights(let weights): weights.names
        }
    }

    /// The module or tensor that a matrix belongs to.
    func owner(of index: Int) -> String {
        switch self {
        case .adapter(let adapter):
            // A bias is its own.
            (zip(adapter.names, adapter.pairs).flatMap { name, pair in pair.matrixNames.map { _ in name } }
                + adapter.biases.keys.sorted())[index]
        case .weights(let weights): weights.names[index]
        }
    }

    /// The matrices that the optimiser changes.
    var matrices: [Matrix<Float>] {
        get {
            switch self {
            case .adapter(let adapter):
                adapter.pairs.flatMap(\.matrices)
                    + adapter.biases.sorted { $0.key < $1.key }.map { Matrix(rowsOf: [$0.value]) }
            case .weights(let weights): weights.matrices
            }
        }
        set {
            switch self {
            case .adapter(var adapter):
                var rest = newValue[...]
                for i in adapter.pairs.indices { adapter.pairs[i].takeMatrices(from: &rest) }
                for name in adapter.biases.keys.sorted() { adapter.biases[name] = rest.removeFirst().row(0) }
                self = .adapter(adapter)
            case .weights(var weights):
                weights.matrices = newValue
                self = .weights(weights)
            }
        }
        _modify {
            var matrices = matrices
            releaseWeights()
            defer { self.matrices = matrices }
            yield &matrices
        }
    }

    /// Lets go of a model's weights while they change elsewhere, so that they change in place: they may be all of a model.
    private mutating func releaseWeights() {
        guard case .weights(var weights) = self else { return }
        weights.matrices = []
        self = .weights(weights)
    }

    /// What the learning rate of each matrix is multiplied by: `ratio` for all of an adapter's but A (arXiv:2402.12354) and
    /// the base model's biases.
    func rates(ratio: Double) -> [Double] {
        switch self {
        case .adapter(let adapter):
            adapter.pairs.flatMap { $0.matrixNames.map { $0 == "a" ? 1 : ratio } } + adapter.biases.map { _ in 1 }
        case .weights(let weights): weights.names.map { _ in 1 }
        }
    }

    /// Whether each matrix decays: an adapter's do, as with PEFT; of a model's own weights not the biases and the normalisations, as in
    /// the trainers that its recipes come from.
    var decays: [Bool] {
        switch self {
        case .adapter(let adapter):
            adapter.pairs.flatMap(\.matrixNames).map { _ in true } + adapter.biases.map { _ in false }
        case .weights(let weights): weights.names.map { !$0.hasSuffix(".bias") && !$0.contains("LayerNorm") }
        }
    }

    /// The number of values that change.
    var parameterCount: Int { matrices.reduce(0) { $0 + $1.rows * $1.columns } }

    var adapter: LowRankAdapter? {
        guard case .adapter(let adapter) = self else { return nil }
        return adapter
    }
}

extension TextEncoder {
    /// The base model as training has changed it.
    func trained(_ trained: Trained) throws(EncodersError) -> TextEncoder {
        switch trained {
        case .adapter(let adapter): try adapted(by: adapter)
        case .weights(let weights): replacing(weights)
        }
    }
}
