# SPDX-License-Identifier: Apache-2.0
"""Common words by language, for the unknown class; chosen for variety of sound, not for completeness."""

from __future__ import annotations

_ENGLISH = """
able about above accept across act actor add after again age agree air airport alarm album all almost alone along
already also always amber among anchor and angel anger animal ankle answer ant any apple april arch area arm army
around arrive arrow art ask asleep aunt autumn avenue awake away baby back backward bacon bad bag bake ball balloon
banana band bank bar bark barn basket bath battle beach bean bear beard beat beautiful because become bed bee beef
beer before began begin behind bell belong below belt bench bend berry best better between beyond bicycle big bill
bird birthday bit bite black blade blanket blind block blood bloom blow blue board boat body boil bold bone book
boot border born borrow boss both bottle bottom bowl box boy brain branch brave bread break breakfast breath brick
bridge bright bring broken brother brown brush bucket build bunch burn bus bush business busy but butter button buy
by cabin cable cage cake call calm came camera camp can candle cap car card care carpet carrot carry castle cat
catch cause ceiling center chain chair chalk chance change charge cheap check cheek cheese cherry chess chest
chicken child chin chip choose church circle city clap class clay clean clear clever climb clock close cloth cloud
clown club coach coal coast coat coffee coin cold collar color comb come common company computer cook cookie cool
copper copy corn corner cost cotton cough could count country couple course cousin cover cow crab crack cradle crash
crazy cream cross crowd crown cry cup cupboard curtain curve cut dad daily dance danger dark date daughter day dead
deaf dear december decide deep deer degree delay dentist desert desk dial diamond dig dinner dirty dish distance
dive doctor dog dollar dolphin donkey door double doubt dove down dozen dragon draw dream dress drink drive drop
drum dry duck dust duty each eagle ear early earn earth east easy eat echo edge egg eight either elbow electric
elephant eleven else empty end enemy engine enjoy enough enter equal escape evening ever every exact example except
exit eye face fact fail fair fall family famous fan far farm fast fat father fault favor fear feast feather feed
feel fell fence fever few field fifty fight fill film final find finger finish fire first fish fit five fix flag
flame flash flat floor flour flow flower fly fog fold follow food foot forest forget fork form forty forward four
fox frame free fresh friday friend frog from front frost fruit full fun funny fur future game garage garden garlic
gas gate gather gave gentle ghost giant gift girl give glad glass globe glove go goal goat goes gold good goodbye
goose got grain grand grape grass gray great green ground group grow guard guess guest guide guitar gun guy gym
habit hair half hall hammer hand handle happen happy harbor hard hat hate have hawk head heal hear heart heat heavy
heel height hello help hen here hero hidden high hill history hit hold hole holiday hollow home honest honey hook
hope horn horse hospital hot hotel hour house how huge human hundred hungry hunt hurry hurt husband ice idea ill
important inch insect inside into invite iron island it jacket jail jam january jar jaw jazz jelly jet job join joke
joy judge juice july jump june jungle just keep kettle key kick kid kill kind king kiss kitchen kite knee kneel knew
knife knock knot know ladder lady lake lamb lamp land language large last late laugh law lazy lead leaf learn least
leather leave left leg lemon less lesson let letter level library lid lie life lift light like lime line lion lip
list listen little live load loaf loan local lock log lonely long look loop loose lord lose lost lot loud love low
luck lunch lung machine mad made magic mail main make mall man many map marble march mark market marvin mask master
match matter may maybe meal mean meat medal meet melon melt member memory men menu mess message metal middle
midnight might mile milk million mind mine minute mirror miss mist mix mobile model moment monday money monkey month
moon more morning moss most mother motor mountain mouse mouth move movie much mud music must my nail name narrow
nation near neck need needle neighbor nephew nerve nest net never new news next nice niece night nine nobody nod
noise none noon nor normal north nose not note nothing notice november now number nurse nut oak obey ocean october
off offer office often oil okay old olive on once one onion only open orange orchard order other ounce our out oval
oven over owe owl own oxygen pack page paid pain paint pair palace pale palm pan paper parcel pardon parent park
parrot part party pass past path patient pause pay peace peach peak pear peel pen pencil people pepper perfect
person pet phone photo piano pick picture pie piece pig pillow pilot pin pink pipe pizza place plan plane planet
plant plastic plate play please plenty plow plum pocket poem point poison police polite pond pony pool poor popular
porch possible potato pound powder power present press pretty price pride prince print prison prize problem promise
proud pull pump purple purse push put puzzle quarter queen question quick quiet quite rabbit race radio rail rain
raise ranch rat reach read ready real reason record red remember rent repeat reply rest return ribbon rice rich ride
right ring ripe rise river road roar rob robin rock roof room root rope rose rough round row royal rubber rug ruler
run rush sad saddle safe said sail salad salt same sand sandwich saturday sauce save saw say scale scared school
science scissors score scream sea search season seat second secret see seed seem sell send sense september seven
shade shadow shake shape share sharp she sheep sheet sheila shelf shell shine ship shirt shoe shop shore short
shoulder shout show shower shut sick side sign silent silk silver simple sing sister sit six size skate skin skirt
sky sleep sleeve slice slide slip slow small smart smell smile smoke smooth snake snow soap soccer sock sofa soft
soil soldier some son song soon sorry sort sound soup south space spare speak spell spend spider spin spoon sport
spot spring square squirrel stable stairs stamp stand star start state station stay steal steam steel steep step
stick still sting stomach stone stop store storm story stove straight strange straw stream street string strong
student study such sugar suit summer sun sunday supper sure surprise swallow swan sweet swim swing sword table tail
take talk tall tame tank tape taste taxi tea teach team tear telephone tell ten tent test thank that them then there
thick thief thin thing think third thirsty thirty this thousand thread three throat throw thumb thunder thursday
ticket tide tie tiger tight time tin tiny tire tired title toast today toe together tomato tomorrow ton tongue
tonight tool tooth top total touch towel tower town toy track trade train travel tree trick trip trouble truck true
trunk trust try tube tuesday tune tunnel turkey turn turtle twelve twenty twice twin two ugly umbrella uncle under
until up upon use usual valley van vase vegetable very vest video view village violin visit visual voice vote wage
wait wake walk wall want war warm wash wasp waste watch water wave way we weak wealth wear weather wednesday week
weight welcome well went west wet whale what wheat wheel when where which whisper white who whole why wide wife wild
will win wind window wine wing winter wire wise wish witch with wolf woman wonder wood wool word work world worm
worry worth would wound wow wrap write wrong yard yawn year yell yellow yesterday yet yoga yogurt yolk you young
your zebra zero zone zoo
"""

_GERMAN = """
abend acht alles alt ampel anfang antwort apfel arbeit arm arzt auge auto bahn ball bank bauch baum bein berg bett
bild blatt blau blume boden brief brot bruder buch bunt butter dach danke decke deutsch dienstag doktor dorf drei
dunkel eier eins eis ende ente erde essen fahren familie farbe fenster feuer finger fisch flasche fleisch fliegen
fluss frage frau freitag freund frisch fuchs gabel garten gast geben gelb geld genau gestern gesund glas gold gras
grau haar hafen hals hand haus heft heiß hemd herbst herz heute himmel hof holz hund hunger hut igel immer insel
jacke jahr jetzt jung kaffee kalt kamm karte katze keller kerze kind kino kirche klasse klein knie koch kopf korb
kraft kreis kuchen kuh lampe land lang laub leben leicht leise lernen licht lied links lippe löffel luft mai mann
markt maus meer messer milch mittag mond montag morgen mund musik mutter nacht name nase nebel nein neu neun nie
nuss obst ofen ohr onkel ort papier park pferd pilz platz post preis quelle rad rechts regen reis ring rock rose rot
ruhe saft salz sand satz schaf schiff schlaf schloss schnee schuh schule schwarz schwer see sieben sohn sommer sonne
spiel stadt stein stern stimme straße stuhl suppe tag tal tanz tasche tasse tee teller tier tisch tochter tor traum
treppe tür uhr vater viel vier vogel voll wald wand warm wasser weg weich wein weiß welt wetter wiese wind winter
woche wolke wort wurst zahl zahn zehn zeit zimmer zucker zug zwei zwiebel
"""

_RUSSIAN = """
август адрес апрель арбуз бабушка банк башня берег билет больница брат буква булка бумага быстро вагон ванна вверх
вечер ветер вечно вилка вместе вниз вода воздух волк волос восемь врач время всегда вторник вчера выход газета где
глаз говорить год голова голос гора город гость гром грязь группа губа гусь давай два дверь девять дедушка декабрь
делать день дерево десять дети деньги длинный доброе дождь доктор дом дорога доска друг думать душа ёлка если есть
ещё жара ждать жена живот жизнь жить журнал завтра завтрак зал замок заяц звезда здесь зеркало зима змея знать зонт
зуб игра идти имя июль июнь каждый камень капля карта картина кашель каша квартира кино клавиша ключ книга ковёр
когда кожа колесо комната конец конь корова короткий кот кофе кошка край красный кровать круг крыша кто кукла лампа
лапа лебедь левый лес лестница лето лёд лимон лист лицо лодка ложка лошадь луна любить люди май маленький мальчик
мама март масло мать машина место месяц метро мир много можно молоко море мороз мост муж музыка мышь мясо нога нож
ноль номер нос ночь новый ноябрь обед облако огонь один озеро окно октябрь орёл осень остров ответ отец палец парк
первый перо песня печь письмо пить плечо погода подарок поезд пол поле помощь порт после почта правый праздник
привет пчела пять работа радио радуга рано река рис роза рот рубашка рука рыба ряд сад салат самолёт сапог сахар
свет свеча север сегодня семь семья сердце сестра синий скоро слово слон снег собака сок солнце соль сон спасибо
спать среда старый стена стол страна стул суббота суп сын сыр тарелка театр тень тепло тетрадь тихо тогда трава три
туман утро утка ухо учитель февраль хлеб ходить холодно хорошо цвет цветок церковь цифра чай час часто человек
чёрный четыре число чисто шапка шар шесть школа шум щека щука экран это юбка яблоко язык январь ясно
"""

_SPANISH = """
abeja abril abuela aceite agosto agua aire alegre alto amarillo amigo año árbol arena arriba arroz autobús ayer
azúcar azul bajo banco barco beber blanco boca bosque bueno burro caballo cabeza café caja calle calor cama camino
campo cara carne carta casa cebolla cena cerca cerdo cielo cinco ciudad coche cocina comer corazón correr cosa
cuchara cuatro cuerpo dedo derecha desayuno despacio día diente diez dinero domingo dormir dos dulce edificio enero
escuela espejo estrella familia febrero fiesta flor frío fruta fuego fuera gato gente gordo gracias grande gris
hablar hambre harina hermano hierro hijo hoja hombre hora hoy huevo idioma iglesia invierno isla izquierda jabón
jardín joven jueves jugar julio junio lago lámpara lápiz largo leche lejos león libro limón lluvia luna lunes luz
madera madre mano manzana mañana mar martes mayo médico mejor mesa miel mil mono montaña mujer mundo música naranja
nariz nieve niño noche nombre norte nube nueve nunca ocho oeste ojo oreja oro otoño oveja padre pájaro pan papel
pared parque pelo perro pescado pez pie piedra piel pierna playa plaza pluma pollo primavera puente puerta queso
rápido ratón reloj rey río rojo ropa rosa sábado sal salud sangre seis semana señor siempre siete silla sobre sol
sombra sopa suelo sueño sur tarde taza techo tiempo tienda tierra tomate trabajo tren tres triste uva vaca vaso
ventana verano verde vestido viaje vida viento viernes vino volar voz zapato zorro
"""

_FRENCH = """
abeille août arbre argent arrêt assiette automne avion avril balle banane bateau beau beurre blanc bleu boire bois
bonjour bouche boule bras bruit bureau cadeau café camion carte chaise chambre chanson chapeau chat chaud chemin
chemise cheval cheveu chien ciel cinq citron clé cochon coeur corps cou coude couleur courir cuisine danse demain
dent deux dimanche dix doigt dormir doux eau école église encore enfant étoile été facile famille farine femme
fenêtre ferme feu feuille février fille fils fleur forêt fourchette frère froid fromage fruit garçon gâteau gauche
genou gens grand gris gros herbe heure hier hiver homme huile huit image île jambe janvier jardin jaune jeudi jeune
joie jouer jour juillet juin lac lait lampe langue lapin léger lettre lire lit livre loin loup lumière lundi lune
main maison manger marché mardi mars matin médecin mer mère midi miel mille miroir monde montagne mouton musique nez
neige neuf noir nom nord nuage nuit oeil oeuf oiseau ombre oncle orange oreille ouest pain papier parler pays pêche
père petit peur pied pierre pluie poche poire poisson pomme pont porte poule prix quatre quinze raisin repas rire
rivière robe roi rose rouge route rue sable sac salle samedi savon sel semaine sept serpent six soeur soir soleil
sommeil souris sucre sud table tard tasse terre tête tigre tomate train travail trois vache vélo vendredi vent
ventre verre vert viande vie vieux ville vin voisin voiture voix voyage yeux zéro
"""

_LISTS = {"en": _ENGLISH, "de": _GERMAN, "ru": _RUSSIAN, "es": _SPANISH, "fr": _FRENCH}


def word_list(language: str) -> tuple[str, ...]:
    """Returns common words of a language (`en`, `en-gb` …), () if there is no list for it."""
    return tuple(dict.fromkeys(_LISTS.get(language.strip().lower().split("-")[0], "").split()))
