import Harness
import LowRank
import ModelFiles
import VectorMath

/// The values that an adapter begins with where they come from the base: the leading part of each weight.
enum Starts {
    static let iterations = 4

    static func measure() throws -> [Measurement] {
        try Shapes.weights.flatMap { outputs, inputs in
            let modules = Shapes.modules(outputs, inputs)
            let weights = Shapes.weights(of: modules)
            return try Shapes.ranks.flatMap { rank in
                let configuration = AdapterConfiguration(rank: rank, alpha: Double(2 * rank), targets: .allLinear)
                func measurement(_ what: String, _ values: InitialValues) throws -> Measurement {
                    let seconds = try Timing.median {
                        _ = try LowRankAdapter(configuration: configuration, modules: modules, values: values, seed: 1)
                        {
                            weights[$0.name]!.view
                        }
                    }
                    return Measurement(
                        what: what, shape: Shapes.name(outputs, inputs), rank: rank,
                        seconds: seconds / Double(Shapes.count))
                }
                return [
                    try measurement("PiSSA, exact", .pissa()),
                    try measurement("PiSSA, \(iterations) iterations", .pissa(iterations: iterations)),
                ]
            }
        }
    }
}
