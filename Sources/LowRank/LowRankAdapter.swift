public import ModelFiles
internal import VectorMath

/// Low-rank changes for some linear layers of a model, in the order of their names.
///
/// An adapter is data: encoders take it as an argument, optimisers change `pairs` in place, files are PEFT's.
public struct LowRankAdapter: Sendable {
    /// What PEFT's `adapter_config.json` says.
    public var configuration: AdapterConfiguration
    /// The modules' paths in the model, ascending.
    public let names: [String]
    /// A pair for each of `names`. Values may change, shapes may not.
    public var pairs: [LowRankPair]
    /// Biases that were trained along and replace those of the base model, by tensor name, such as
    /// `encoder.layer.0.attention.self.query.bias`.
    public var biases: [String: [Float]] = [:]

    /// An adapter of given pairs by module name.
    public init(configuration: AdapterConfiguration, modules: [String: LowRankPair]) throws(LowRankError) {
        guard !modules.isEmpty else { throw .noModules }
        self.configuration = configuration
        names = modules.keys.sorted()
        pairs = names.map { modules[$0]! }
    }

    /// A fresh adapter on those of `modules` that the configuration targets.
    ///
    /// A is drawn from U(-1/√in, 1/√in), which is Kaiming's uniform distribution with a = √5 and PEFT's default; B is zero, so that
    /// the adapted model starts as the base. Modules are drawn in the order of their names from one generator: a seed gives the same
    /// adapter on every machine. A configuration that targets all linear layers comes back with their names
    /// spelled out, so that other tools attach the file to the same layers. Magnitudes of DoRA come from base weights:
    /// `init(configuration:modules:values:seed:weight:)` sets them.
    public init(
        configuration: AdapterConfiguration, modules: [LinearModule], seed: UInt64
    ) throws(LowRankError) {
        let chosen = try Self.resolve(configuration, among: modules)
        var random = RandomGenerator(seed: seed)
        var pairs: [LowRankPair] = []
        for module in chosen {
            let rank = configuration.rank(of: module.name)
            let limit = min(module.inputWidth, module.outputWidth)
            guard rank >= 1, rank <= limit else {
                throw .invalidRank(module: module.name, rank: rank, limit: limit)
            }
            let bound = 1 / Float(module.inputWidth).squareRoot()
            let values = (0..<rank * module.inputWidth).map { _ in (2 * random.uniform() - 1) * bound }
            pairs.append(
                LowRankPair(
                    a: Matrix(rows: rank, columns: module.inputWidth, elements: values),
                    b: Matrix(rows: module.outputWidth, columns: rank),
                    scaling: Float(configuration.scaling(of: module.name))))
        }
        self.configuration = configuration
        if case .allLinear = configuration.targets {
            self.configuration.targets = .names(Self.suffixes(of: chosen.map(\.name)))
        }
        names = chosen.map(\.name)
        self.pairs = pairs
    }

    /// The pair of a module, by its path.
    public subscript(name: String) -> LowRankPair? {
        index(of: name).map { pairs[$0] }
    }

    /// The position of a module in `names`, found by bisection.
    public func index(of name: String) -> Int? {
        var low = 0
        var high = names.count
        while low < high {
            let middle = (low + high) / 2
            if names[middle] < name { low = middle + 1 } else { high = middle }
        }
        return low < names.count && names[low] == name ? low : nil
    }

    /// The number of trained values.
    public var parameterCount: Int {
        pairs.reduce(0) { $0 + $1.parameterCount } + biases.values.reduce(0) { $0 + $1.count }
    }
}
