"""Words that may stand around an answer, in English and Spanish, small and without accents.

A word that is in none of these lists, nor in the question, is not understood, and so the answer is not.
"""

from __future__ import annotations

from difflib import get_close_matches
from fractions import Fraction


def words(text: str) -> frozenset[str]:
    """The words of a text."""
    return frozenset(text.split())


HARMLESS = words(
    # what links and introduces, in Spanish
    "el la los las lo le les un una uno unos unas de del al a con sin para que es son era eran fue sea seria serian da dan "
    "dio sale salen sera seran queda quedan quedaria hay habra tiene tienen tendra vale valen valdra cuesta mide miden "
    "obtengo obtiene obtenemos obtienen resulta resultan resultado resultados respuesta respuestas solucion valor valores "
    "total totales creo pienso diria yo me te se nos mi su sus este esta estos estas esto eso ese esa esos esas ahi aqui "
    "entonces luego asi tanto exactamente exacto igual cada como siguiente final finalmente correcta correcto opcion letra "
    "alternativa inciso apartado elijo escojo marco contesto respondo tambien ya muy bien en sobre desde donde cual "
    "decir osea ahora ambas quiere calculo calculando haciendo hago formula aplicando sumando bueno vale ok redondeando "
    "redondeado redondo aproximado termina acaba convierte convierten posicion puesto despues divide dividir dividirse "
    "claramente seguramente clasifica clasificadas clasificados "
    "necesita necesitan necesario hace hacen falta hacen usa usan pone ser debe deben "
    # and in English
    "the an of to for with without is are was were be it its it's i i'm im so this that these those there here gives give "
    "gets get getting equals equal result results answer answers solution value values total think believe say would "
    "we you my your each as at in on by from per hence thus therefore then exactly exact final finally correct option "
    "letter choice choose pick select chose calculation computing formula applying rounded rounding makes make comes out "
    "ends end become becomes position after divide divided dividing classified definitely clearly surely "
    "come has have needs need required should must which well ok okay just "
    # what is counted
    "parametros parametro pesos peso sesgos sesgo neuronas neurona unidades unidad pixeles pixel pixels px filas fila "
    "columnas columna filtros filtro mapas mapa capas capa imagenes imagen numeros numero cifras cifra entradas entrada "
    "salidas salida conexiones multiplicaciones multiplicacion operaciones operacion sumas productos producto epocas epoca "
    "iteraciones iteracion pasos lotes lote actualizaciones bloques bloque veces vez lado lados ambos alto ancho largo "
    "altura anchura ceros anillo anillos relleno paso ventana ventanas nucleo nucleos kernel kernels tamano tamanos red "
    "redes conv convolucion convoluciones densa densas dense maxpool pooling softmax relu params param parameters parameter "
    "weights weight biases bias neurons neuron units unit rows row columns column filters filter maps map layers layer "
    "images image pictures picture numbers number digits inputs input outputs output connections multiplications "
    "multiplication operations operation additions products epochs epoch iterations iteration steps step batches batch "
    "updates blocks block times time side sides height width zeros ring rings padding stride window windows size sizes net "
    "network convolution convolutions features feature caracteristicas canales canal channels channel macs mac flops flop "
    "mult mults entries entry entradas caso clase clases class classes probabilidad probability precision perdida loss "
    "tasa rate learning aprendizaje error exactitud accuracy mediana median media mean matriz matrix vector gradiente "
    "gradient learnable aprendibles altogether overall course including included counting trainable incluido incluidos incluida "
    "incluidas incluyendo contando entrenable entrenables pues convolucionada rgb gris grey gray color colour"
)
"""Words that change nothing."""

DANGEROUS = words(
    "no ni nunca jamas not never nor none ninguno ninguna nada neither casi almost nearly less fewer more greater menor "
    "mayor menores mayores menos mas than maximo minimo maximum minimum least most hasta under over above below falso "
    "falsa false incorrecto incorrecta mal wrong pero but sino except excepto salvo doble double mitad half either "
    "cualquiera any todos todas all both quizas quiza maybe perhaps or o u unless isn't isnt aren't don't doesn't "
    "tampoco aun descarto exclude rather instead incorrect mistaken erroneo erronea equivocado equivocada imposible "
    "impossible distinto distinta diferente different unequal"
)
"""Words that turn an answer round, or make it two."""

NUMBERS = {
    **{
        "cero": 0,
        "dos": 2,
        "tres": 3,
        "cuatro": 4,
        "cinco": 5,
        "seis": 6,
        "siete": 7,
        "ocho": 8,
        "nueve": 9,
        "diez": 10,
    },
    **{"zero": 0, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9, "ten": 10},
    **{"once": 11, "doce": 12, "eleven": 11, "twelve": 12},
}
"""Small numbers in words. Without one, which is an article too."""

NETS = words("resnet vgg lenet densenet wideresnet mobilenet")
"""Nets that are called by a number, such as VGG-16."""
CLASSIFIED = words("clasifica clasifican clasificadas classified classifies")
BADLY = words("mal wrong wrongly")
WELL = words("bien right correct correctly correcta correctas correctamente")
"""How a picture may be classified, where those are counted that are badly."""
TIMES = words("por times by multiplicado")
PLUS = words("mas plus")
MINUS = words("menos minus negativo negative")
OVER = words("entre dividido divided over sobre")
AND = words("y e and")
OR = words("o u or")
ABOUT = words("aproximadamente aprox approx approximately about around unos unas alrededor cerca circa some")

UNITS = {
    "k": 10**3,
    "mil": 10**3,
    "thousand": 10**3,
    "miles": 10**3,
    "m": 10**6,
    "mm": 10**6,
    "mill": 10**6,
    "mio": 10**6,
    "millon": 10**6,
    "millones": 10**6,
    "million": 10**6,
    "millions": 10**6,
    "g": 10**9,
    "bn": 10**9,
    "millardo": 10**9,
    "millardos": 10**9,
    "billion": 10**9,
    "billions": 10**9,
    "billon": 10**12,
    "billones": 10**12,
}
COUNTED = ("flops", "macs", "flop", "mac", "params", "param", "parametros", "parameters")
"""What may stand right behind k, M and G: `MFLOPs`, `kparams`."""

BYTES: dict[str, tuple[int | Fraction, ...]] = {
    "bit": (Fraction(1, 8),),
    "bits": (Fraction(1, 8),),
    "b": (1,),
    "byte": (1,),
    "bytes": (1,),
    "octetos": (1,),
    "kib": (2**10,),
    "mib": (2**20,),
    "gib": (2**30,),
    "kb": (10**3, 2**10),
    "mb": (10**6, 2**20),
    "gb": (10**9, 2**30),
    "kilobyte": (10**3, 2**10),
    "kilobytes": (10**3, 2**10),
    "megabyte": (10**6, 2**20),
    "megabytes": (10**6, 2**20),
}
"""Bytes: a kilobyte is 1000 of them for some and 1024 for others."""

FUNCTIONS = {
    "floor": "floor",
    "suelo": "floor",
    "piso": "floor",
    "ceil": "ceil",
    "techo": "ceil",
    "max": "max",
    "min": "min",
    "abs": "abs",
    "sqrt": "root",
    "raiz": "root",
    "relu": "relu",
}
SIDES = {
    **dict.fromkeys(("alto", "altura", "height", "h", "filas", "fila", "rows"), 0),
    **dict.fromkeys(("ancho", "anchura", "width", "w", "columnas", "columna", "columns", "cols"), 1),
    **dict.fromkeys(
        ("canales", "canal", "channels", "channel", "c", "profundidad", "depth", "d", "mapas", "mapa", "maps"), 2
    ),
    **dict.fromkeys(("filtros", "filters", "featuremaps", "planos"), 2),
}
"""What the sides of an image are called, by their place in a size."""


_LONG = sorted(w for w in HARMLESS if len(w) >= 6)
_TURNING = sorted(w for w in DANGEROUS if len(w) >= 5)


def is_slip(word: str) -> bool:
    """Whether a word, small and without accents, is a harmless one with a slip of the pen, such as `paramters`."""
    if len(word) < 6 or len(word) > 20 or get_close_matches(word, _TURNING, 1, 0.8):
        return False
    return any(word[0] == found[0] for found in get_close_matches(word, _LONG, 1, 0.88))
