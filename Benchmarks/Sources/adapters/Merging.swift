import Harness
import LowRank
import VectorMath

/// A whole adapter merged into a model: every linear layer of every block, as `attune adapter merge` does before it writes.
enum Merging {
    static func measure() throws -> [Measurement] {
        try Shapes.models.flatMap { model in
            let modules = model.modules
            let weights = Shapes.weights(of: modules)
            return try Shapes.ranks.map { rank in
                let adapter = try Shapes.adapter(modules, rank: rank)
                let seconds = try Timing.median { _ = try adapter.merged { weights[$0]!.view } }
                return Measurement(what: "merging a model", shape: model.name, rank: rank, seconds: seconds)
            }
        }
    }
}
