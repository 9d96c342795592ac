import VectorIndex
import VectorMath

/// What a service does that needs nearest neighbours and nothing else.
@main
enum Consumer {
    static func main() throws {
        let index = ExactIndex(dimension: 2, metric: .cosine)
        try index.add(ids: [7, 8], vectors: Matrix(rowsOf: [[1, 0], [0, 1]]).view)
        try index.commit()
        let nearest = try index.snapshot().search([0.9, 0.1], k: 1)
        precondition(nearest.map(\.id) == [7], "the nearest of two vectors is another: \(nearest)")
        print("consumer: found \(nearest[0].id) with VectorIndex alone")
    }
}
