import Foundation
import Harness

/// A peer whose index is built and that waits to be measured.
final class RunningPeer {
    let name: String
    let buildSeconds: Double
    let bytesPerVector: Double
    private let session: Peer.Session

    /// Starts a peer and waits until it has built its index; nil where it is not installed.
    init?(_ name: String, arguments: [String]) throws {
        session = try Peer.Session(script: "ann_peers.py", arguments: ["--peer", name] + arguments)
        guard let built = session.next() else { return nil }
        self.name = name
        buildSeconds = (built["build_s"] as? NSNumber)?.doubleValue ?? .nan
        bytesPerVector = (built["bytes_per_vector"] as? NSNumber)?.doubleValue ?? .nan
    }

    /// Measures every setting once.
    func measure() -> [(setting: String, recall: Double, rate: Double)] {
        session.ask()
        let points = session.next()?["points"] as? [[String: Any]] ?? []
        return points.map { point in
            func number(_ name: String) -> Double { (point[name] as? NSNumber)?.doubleValue ?? .nan }
            return (point["setting"] as? String ?? "", number("recall"), number("qps"))
        }
    }
}
