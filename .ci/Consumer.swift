import VectorIndex
import VectorMath

