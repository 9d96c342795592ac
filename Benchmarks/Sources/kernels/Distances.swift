import Harness
import VectorMath

/// One-to-one and one-to-many distances, in the level-2 cache and out of every cache.
enum Distances {
    static func measure() -> [Row] {
        [128, 384, 768, 1536].flatMap { dimension in
            // 256 KiB stay in the level-2 cache; 256 MiB stay in none.
            [("L2", 256 << 10), ("memory", 256 << 20)].flatMap { place, bytes in
                rows(dimension: dimension, count: bytes / 4 / dimension, place: place)
            }
        }
    }

    private static func rows(dimension: Int, count: Int, place: String) -> [Row] {
        let vectors = place == "L2" ? randomMatrix(count, dimension) : Matrix<Float>(rows: count, columns: dimension)
        let query = randomMatrix(1, dimension, seed: 2)
        var scores = [Float](repeating: 0, count: count)
        let bytes = Double(4 * dimension)
        let shape = "\(dimension), \(place)"

        func oneToOne(_ name: String, _ distance: (UnsafePointer<Float>, UnsafePointer<Float>, Int) -> Float) -> Row {
            let seconds = Timing.median {
                query.withUnsafePointer { query in
                    vectors.withUnsafePointer { rows in
                        for i in 0..<count { scores[i] = distance(query, rows + i * vectors.stride, dimension) }
                    }
                }
            }
            return Row("\(name), one to one", shape, seconds: seconds / Double(count), bytes: bytes)
        }
        let many = Timing.median {
            query.withUnsafePointer { query in
                scores.withUnsafeMutableBufferPointer {
                    Distance.dots(query, rows: vectors.view, into: $0.baseAddress!)
                }
            }
        }
        return [
            oneToOne("dot") { Distance.dot($0, $1, count: $2) },
            oneToOne("squared L2") { Distance.squaredL2($0, $1, count: $2) },
            oneToOne("cosine") { Distance.cosine($0, $1, count: $2) },
            Row("dot, one to many", shape, seconds: many / Double(count), bytes: bytes),
        ]
    }
}
