public import ArgumentParser
public import Attune

extension IndexStructure: ExpressibleByArgument {}

extension IndexStructure {
    /// As it stands in a sentence after "by".
    var phrase: String {
        switch self {
        case .exact: "an exact index"
        case .graph: "a graph"
        case .partitions: "partitions"
        }
    }
}
