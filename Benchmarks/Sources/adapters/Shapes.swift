import LowRank
import ModelFiles
import VectorMath

/// The weights of the models that are measured.
enum Shapes {
    /// Outputs and inputs, of MiniLM's and of BERT-base's layers.
    static let weights = [(384, 384), (384, 1536), (768, 768), (768, 3072)]
    static let ranks = [16, 64]
    /// Modules of one shape that are worked on in one call, as an adapter has many: a time is that of one of them.
    static let count = 2

    /// The linear layers of a BERT.
    struct Model {
        let name: String
        let layers: Int
        let width: Int

        var modules: [LinearModule] {
            (0..<layers).flatMap { layer in
                [("query", 1, 1), ("key", 1, 1), ("value", 1, 1), ("output", 1, 1), ("up", 1, 4), ("down", 4, 1)].map {
                    LinearModule(name: "layer.\(layer).\($0)", inputWidth: $1 * width, outputWidth: $2 * width)
                }
            }
        }
    }

    static let models = [
        Model(name: "MiniLM", layers: 6, width: 384), Model(name: "BERT-base", layers: 12, width: 768),
    ]

    static func name(_ outputs: Int, _ inputs: Int) -> String { "\(outputs) × \(inputs)" }

    /// Modules of one shape.
    static func modules(_ outputs: Int, _ inputs: Int) -> [LinearModule] {
        (0..<count).map { LinearModule(name: "module.\($0)", inputWidth: inputs, outputWidth: outputs) }
    }

    /// An adapter with random values in both of its matrices.
    static func adapter(_ modules: [LinearModule], rank: Int) throws -> LowRankAdapter {
        let configuration = AdapterConfiguration(rank: rank, alpha: Double(2 * rank), targets: .allLinear)
        var adapter = try LowRankAdapter(configuration: configuration, modules: modules, seed: 1)
        var generator = RandomGenerator(seed: 2)
        for index in adapter.pairs.indices {
            adapter.pairs[index].b = random(
                adapter.pairs[index].outputWidth, adapter.pairs[index].rank, &generator)
        }
        return adapter
    }

    /// Values like those of a trained weight.
    static func random(_ rows: Int, _ columns: Int, _ generator: inout RandomGenerator) -> Matrix<Float> {
        Matrix(
            rows: rows, columns: columns, elements: (0..<rows * columns).map { _ in 0.05 * generator.normal() })
    }

    /// A weight for each module.
    static func weights(of modules: [LinearModule]) -> [String: Matrix<Float>] {
        var generator = RandomGenerator(seed: 3)
        return Dictionary(
            uniqueKeysWithValues: modules.map { ($0.name, random($0.outputWidth, $0.inputWidth, &generator)) })
    }
}
